import type { ListenerOptions, ProtocolPlugin } from '../../kernel/plugin.ts'
import type { LogLevel } from '../adapters/pino-logger.ts'
import { catalogue } from '../catalogue.ts'
import { pluginsOf } from '../plugin-modules.ts'

/** What a worker process is told to do: all it knows of the configuration. */
export interface Orders {
  readonly number: number
  /** Names of plugins, and their options. */
  readonly protocols: readonly { readonly name: string; readonly options: Readonly<Record<string, unknown>> }[]
  /** Modules that hold those which are not ours, and the folder they are looked up from. */
  readonly modules: readonly string[]
  readonly folder: string
  readonly listeners: readonly ListenerOptions[]
  /** Every worker binds the port itself. */
  readonly reusePort: boolean
  readonly log: { readonly level: LogLevel; readonly format: 'json' | 'pretty'; readonly colour: boolean }
  /** Texts that no line may show. */
  readonly secrets: readonly string[]
}

/** Of a worker process to the owner's: it hears now; it could not serve. */
export type WorkerWord = 'hears' | { readonly failed: { readonly code: string | undefined; readonly message: string } }

/** Where a worker finds its link. */
export const linkDescriptor = 3

/** Of the owner's process, once its orders are given. */
export type OwnerWord = { readonly level: LogLevel; readonly secrets: readonly string[] }

/** The protocols an order names, loaded. */
export async function protocolsOf({ protocols, modules, folder }: Orders) {
  const added = new Map<string, ProtocolPlugin<never>>()
  for (const module of modules) {
    for (const plugin of await pluginsOf(module, folder)) {
      if (plugin.kind === 'protocol') added.set(plugin.name, plugin as unknown as ProtocolPlugin<never>)
    }
  }
  return await Promise.all(
    protocols.map(async ({ name, options }) => {
      const plugin = added.get(name) ?? (await catalogue.protocols[name]?.())
      if (!plugin) throw new Error(`there is no protocol "${name}"`)
      return { plugin, options }
    }),
  )
}
