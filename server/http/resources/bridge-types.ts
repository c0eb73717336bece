import { z } from 'zod'
import { egressSpec, filtersOption, ingressSpec } from '../../../kernel/bridging/bridge-options.ts'
import { type Route, route } from '../route.ts'
import { describedOption, describedOptions } from './described-options.ts'

const bridgeType = z.strictObject({
  type: z.string(),
  describe: z.string(),
  connection: z.array(describedOption).describe('Of an entry of `connections`, beside its `type`.'),
  egress: z.array(describedOption).nullable().describe('Of a bridge out; null: there is none.'),
  ingress: z.array(describedOption).nullable().describe('Of a bridge in; null: there is none.'),
})

export const bridgeTypeRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/bridge-types',
    group: 'bridges',
    summary: 'List types of connections, and every option of theirs and of their bridges',
    needs: 'viewer',
    answer: z.array(bridgeType),
    handle: async ({ house }) => {
      const loaders = Object.values(house.server.current.catalogue.bridges)
      const plugins = await Promise.all(loaders.map(load => load()))
      return plugins.map(plugin => ({
        type: plugin.name,
        describe: plugin.describe ?? '',
        connection: describedOptions(plugin.options),
        egress: plugin.to ? describedOptions({ egress: filtersOption, ...egressSpec(plugin) }) : null,
        ingress: plugin.from ? describedOptions(ingressSpec(plugin)) : null,
      }))
    },
  }),
]
