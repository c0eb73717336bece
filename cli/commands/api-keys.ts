import { type Command, Option } from 'commander'
import type { Row } from '../api-client.ts'
import { columns } from '../columns.ts'
import { sessionOf } from '../session.ts'

/** Keys for programs that use the HTTP API. */
export function addApiKeys(program: Command): void {
  const key = program.command('api-key').description('keys for programs that use the HTTP API')
  key
    .command('list', { isDefault: true })
    .alias('ls')
    .description('keys, without their secrets')
    .action(async (_, command: Command) => {
      const { api, printer } = sessionOf(command)
      printer.rows((await api.call('GET', '/api-keys')) as Row[], columns.apiKeys)
    })
  key
    .command('create <name>')
    .description('make a key; its secret is shown this once')
    .addOption(new Option('--role <role>', 'what it may').choices(['viewer', 'operator', 'admin']).default('viewer'))
    .option('--group <group...>', 'only these groups of routes, such as publish')
    .option('--expires <time>', 'when it ends: 2030-12-31T18:00:00Z')
    .action(async (name: string, flags: CreateFlags, command: Command) => {
      const { api, printer } = sessionOf(command)
      const { role, group: groups, expires: expiresAt } = flags
      const made = (await api.call('POST', '/api-keys', { body: { name, role, groups, expiresAt } })) as Row
      printer.thing(made, String(made.secret))
    })
  key
    .command('delete <id>')
    .alias('rm')
    .description('remove a key; it is refused at once')
    .action(async (id: string, _, command: Command) => {
      const { api, printer } = sessionOf(command)
      await api.call('DELETE', `/api-keys/${encodeURIComponent(id)}`)
      printer.done(`${id} is removed`)
    })
}

interface CreateFlags {
  readonly role: string
  readonly group?: readonly string[]
  readonly expires?: string
}
