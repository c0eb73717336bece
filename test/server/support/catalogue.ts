import { http } from '../../../bridges/http/index.ts'
import type { OptionsSpec } from '../../../kernel/plugin.ts'
import type { Catalogue } from '../../../server/catalogue.ts'

const options = {
  mqtt: {
    maxPacket: { type: 'bytes', describe: 'The largest packet.', default: '2MB', min: 1024 },
    keepAlive: { type: 'duration', describe: 'Longest keep-alive.', max: 3_600_000 },
    autoSubscribe: {
      type: 'list',
      describe: 'Filters every client is subscribed to.',
      default: [],
      of: {
        type: 'object',
        describe: 'One.',
        fields: { filter: { type: 'string', describe: 'The filter.', required: true } },
      },
    },
  },
  file: {
    directory: { type: 'file', describe: 'Where.', required: true },
    sync: { type: 'string', describe: 'When to sync.', choices: ['always', 'never'], default: 'always' },
  },
  memory: {},
  password: { file: { type: 'file', describe: 'The users.', required: true } },
  jwt: {
    secret: { type: 'string', describe: 'The shared secret.', secret: true, min: 8 },
    keys: { type: 'map', describe: 'Keys by id.', secret: true, of: { type: 'string', describe: 'A key.' } },
  },
} satisfies Record<string, OptionsSpec>

/** Plugins that only describe themselves, and the names of those that were loaded. */
export function describedCatalogue(): { catalogue: Catalogue; loaded: string[] } {
  const loaded: string[] = []
  const plugins = (kind: string, ...names: (keyof typeof options)[]) =>
    Object.fromEntries(
      names.map(name => [
        name,
        async () => {
          loaded.push(name)
          return {
            kind,
            name,
            api: 1,
            options: options[name],
            open: () => Promise.reject(new Error('not to be opened')),
          }
        },
      ]),
    )
  const catalogue = {
    protocols: plugins('protocol', 'mqtt'),
    storage: plugins('storage', 'file', 'memory'),
    auth: plugins('auth', 'password', 'jwt'),
    bridges: { http: async () => http },
  } as unknown as Catalogue
  return { catalogue, loaded }
}
