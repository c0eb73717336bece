import type { AnyBridgePlugin } from '../../kernel/bridging/bridge-options.ts'
import type { AuthPlugin, OptionsSpec, ProtocolPlugin, StoragePlugin } from '../../kernel/plugin.ts'
import type { Catalogue } from '../catalogue.ts'
import { type ConfigDocument, children } from './document.ts'
import type { PluginSpecs } from './schema.ts'

/** Plugins that were loaded, by name. */
export interface LoadedPlugins {
  readonly protocols: ReadonlyMap<string, ProtocolPlugin<never>>
  readonly storage: ReadonlyMap<string, StoragePlugin<never>>
  readonly auth: ReadonlyMap<string, AuthPlugin<never>>
  readonly bridges: ReadonlyMap<string, AnyBridgePlugin>
}

/** Loads the plugins that the document names, and no others. */
export async function loadNamed(catalogue: Catalogue, document: ConfigDocument): Promise<LoadedPlugins> {
  const { listeners, storage, access } = document.root
  const protocols = new Set(children(listeners).map(([, listener]) => textAt(listener, 'protocol') ?? 'mqtt'))
  for (const name of Object.keys(catalogue.protocols)) if (name in document.root) protocols.add(name)
  for (const name of catalogue.added ?? []) protocols.add(name)
  const authenticators = children(access).find(([key]) => key === 'authenticators')?.[1]
  const auth = new Set(children(authenticators).map(([, item]) => textAt(item, 'type') ?? ''))
  const bridges = new Set(children(document.root.connections).map(([, item]) => textAt(item, 'type') ?? ''))
  return load(catalogue, { protocols, storage: new Set([textAt(storage, 'type') ?? 'file']), auth, bridges })
}

/** Loads every plugin there is, to describe them. */
export function loadAll(catalogue: Catalogue): Promise<LoadedPlugins> {
  const all = (names: object): Set<string> => new Set(Object.keys(names))
  return load(catalogue, {
    protocols: all(catalogue.protocols),
    storage: all(catalogue.storage),
    auth: all(catalogue.auth),
    bridges: all(catalogue.bridges),
  })
}

/** Every name with the options of those loaded. */
export function specsOf(catalogue: Catalogue, loaded: LoadedPlugins | undefined): PluginSpecs {
  const specs = (names: object, plugins: ReadonlyMap<string, { options: OptionsSpec }> | undefined) =>
    new Map(Object.keys(names).map(name => [name, plugins?.get(name)?.options]))
  return {
    protocols: specs(catalogue.protocols, loaded?.protocols),
    added: new Set(catalogue.added),
    storage: specs(catalogue.storage, loaded?.storage),
    auth: specs(catalogue.auth, loaded?.auth),
    bridges: new Map(Object.keys(catalogue.bridges).map(name => [name, loaded?.bridges.get(name)])),
  }
}

async function load(
  catalogue: Catalogue,
  names: Readonly<Record<'protocols' | 'storage' | 'auth' | 'bridges', ReadonlySet<string>>>,
): Promise<LoadedPlugins> {
  const [protocols, storage, auth, bridges] = await Promise.all([
    loadSome(catalogue.protocols, names.protocols),
    loadSome(catalogue.storage, names.storage),
    loadSome(catalogue.auth, names.auth),
    loadSome(catalogue.bridges, names.bridges),
  ])
  return { protocols, storage, auth, bridges }
}

async function loadSome<P>(
  loaders: Readonly<Record<string, () => Promise<P>>>,
  names: ReadonlySet<string>,
): Promise<Map<string, P>> {
  const wanted = Object.entries(loaders).filter(([name]) => names.has(name))
  return new Map(await Promise.all(wanted.map(async ([name, load]) => [name, await load()] as const)))
}

function textAt(value: unknown, key: string): string | undefined {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
  const found: unknown = (value as Record<string, unknown>)[key]
  return typeof found === 'string' ? found : undefined
}
