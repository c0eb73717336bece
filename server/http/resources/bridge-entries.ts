import { z } from 'zod'
import { connectionOf } from '../../../kernel/bridging/bridge-options.ts'
import { bridgeNames, bridgingOptions, type EntryKind, type Path } from '../../config/index.ts'
import { Problem } from '../problem.ts'
import { type Route, route } from '../route.ts'
import { configWith } from '../settings.ts'
import { climbed, rung } from './ladder.ts'
import {
  entryCalled,
  entryFields,
  givenEntry,
  named,
  newlyNamed,
  putEntry,
  removeEntry,
  showEntry,
  withinEntry,
} from './named-entry.ts'

const entry = z.strictObject(entryFields)

/** Bridges as they are configured; how they are is told by `bridgeRoutes`. */
export const bridgeEntryRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/bridges/:name/config',
    group: 'bridges',
    summary: 'Show how a bridge is configured',
    needs: 'viewer',
    params: named,
    answer: entry,
    handle: ({ house, params: { name } }) => showEntry(entryCalled(house, 'bridges', name)),
  }),
  route({
    method: 'PUT',
    path: '/bridges/:name',
    group: 'bridges',
    summary: 'Make a bridge, or change it; the body is its entry in the configuration',
    needs: 'admin',
    params: newlyNamed,
    body: givenEntry,
    answer: entry,
    handle: async ({ house, params: { name }, body }) => showEntry(await putEntry(house, 'bridges', name, body)),
  }),
  route({
    method: 'POST',
    path: '/bridges/:name/try',
    group: 'bridges',
    summary: 'Try a bridge as it would be with this entry, and with this one of its connection, before they are kept',
    needs: 'admin',
    params: newlyNamed,
    body: z.strictObject({
      bridge: givenEntry,
      connection: givenEntry.optional().describe('Default: the connection that is there.'),
    }),
    answer: z.array(rung),
    handle: async ({ house, params: { name }, body: { bridge, connection } }) => {
      const used = connection && connectionNamed(bridge)
      const changes = { [`bridges.${name}`]: bridge, ...(used && { [`connections.${used}`]: connection }) }
      const loaded = await configWith(house, changes, {
        pointerOf: path => within('/bridge', 'bridges', name, path) ?? within('/connection', 'connections', used, path),
      })
      house.server.hideSecretsOf(loaded)
      const given = bridgingOptions(loaded.config, loaded.plugins)
      return climbed(signal => house.kernel.bridges.try(name, given, signal))
    },
  }),
  route({
    method: 'DELETE',
    path: '/bridges/:name',
    group: 'bridges',
    summary: 'Remove a bridge, and what waits for it',
    needs: 'admin',
    params: named,
    handle: ({ house, params: { name } }) => removeEntry(house, 'bridges', name),
  }),
]

/** @throws Problem for what cannot be the name of a connection */
function connectionNamed(bridge: z.output<typeof givenEntry>): string {
  const { data, error } = bridgeNames.safeParse(connectionOf(bridge))
  if (data !== undefined) return data
  const message = error.issues[0]?.message ?? 'expected the name of a connection'
  const pointer = 'egress' in bridge ? '/bridge/to/connection' : '/bridge/ingress/connection'
  throw new Problem('invalid-request', `the bridge names no connection: ${message}`, {
    errors: [{ in: 'body', pointer, message }],
  })
}

function within(pointer: string, kind: EntryKind, name: string | undefined, path: Path): string | undefined {
  const inner = name === undefined ? undefined : withinEntry(kind, name)(path)
  return inner === undefined ? undefined : `${pointer}${inner}`
}
