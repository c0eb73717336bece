import type { BridgingOptions } from '../../kernel/bridging/bridge-options.ts'
import type { LoadedPlugins } from './plugin-choice.ts'
import type { Config } from './schema.ts'

/** Connections and bridges for the kernel; also what a reload passes to `kernel.reloadBridges`. */
export function bridgingOptions({ connections, bridges }: Config, plugins: LoadedPlugins): BridgingOptions {
  const chosen = Object.entries(connections).flatMap(([name, { type, ...options }]) => {
    const plugin = plugins.bridges.get(type)
    return plugin ? [[name, { plugin, options }] as const] : []
  })
  return { connections: Object.fromEntries(chosen), bridges }
}
