import { resolve } from 'node:path'
import { isBrokerError } from '../../kernel/plugin.ts'
import type { Catalogue } from '../catalogue.ts'
import { pluginsOf } from '../plugin-modules.ts'
import type { AnyPlugin } from '../plugin-shape.ts'
import type { ConfigDocument } from './document.ts'
import { overlayEnvironment } from './environment.ts'
import { interpolate } from './interpolate.ts'
import type { ConfigSources } from './load.ts'
import { specsOf } from './plugin-choice.ts'
import { configSchema } from './schema.ts'

interface NamedModules {
  /** The given catalogue, and the plugins of the modules in it. */
  readonly catalogue: Catalogue
  /** What is wrong with modules; whoever names their plugins elsewhere is not to blame for it. */
  readonly faults: readonly { readonly index: number; readonly at: string; readonly message: string }[]
}

/** Which modules the document and the environment name, and what they hold. `look` looks once more, when the document has changed. */
export async function lookAhead(
  document: ConfigDocument,
  { catalogue, environment }: ConfigSources,
  folder: string,
): Promise<NamedModules & { first: ConfigDocument; look: () => ConfigDocument }> {
  const absolute = (path: string): string => resolve(folder, path)
  const look = (by: Catalogue): ConfigDocument => {
    const seen = document.clone()
    overlayEnvironment(seen, environment, configSchema(specsOf(by, undefined), absolute, 'editor'))
    interpolate(seen, environment, folder)
    return seen
  }
  const first = look(catalogue)
  const modules = await loadModules(catalogue, first, folder)
  const again = (): ConfigDocument => look(modules.catalogue)
  return { ...modules, first: modules.catalogue === catalogue ? first : again(), look: again }
}

/** A module that could not be loaded is one mistake: that its plugins are unknown follows from it. */
export function blameModules(document: ConfigDocument, faults: NamedModules['faults']): void {
  if (faults.length === 0) return
  const own = document.problems.filter(({ path }) => !followsFromModules.test(path))
  document.problems.splice(0, document.problems.length, ...own)
  for (const { index, at, message } of faults) document.problem(['plugins', index], at, message)
}

const followsFromModules =
  /^(protocols\b.*|listeners\..+\.protocol|storage\.type|access\.authenticators\[\d+\]\.type|connections\..+\.type)$/

/** Loads the modules that the document's `plugins` name, and no others. */
async function loadModules(catalogue: Catalogue, document: ConfigDocument, folder: string): Promise<NamedModules> {
  const named = document.root.plugins
  let whole = catalogue
  const faults: NamedModules['faults'][number][] = []
  for (const [index, module] of Array.isArray(named) ? named.entries() : []) {
    if (typeof module !== 'string' || module === '') continue
    const { at, secret } = document.nearestOrigin(['plugins', index])
    const fault = (why: string) => faults.push({ index, at, message: `expected a module with plugins, but ${why}` })
    try {
      for (const plugin of await pluginsOf(module, folder)) {
        if (hasPlugin(whole, plugin)) fault(`there is another ${plugin.kind} plugin "${plugin.name}" already`)
        else whole = withPlugin(whole, plugin)
      }
    } catch (error) {
      if (!isBrokerError(error, 'PLUGIN_INVALID')) throw error
      fault(secret ? 'it cannot be loaded (its name is secret)' : error.message)
    }
  }
  return { catalogue: whole, faults }
}

function hasPlugin(catalogue: Catalogue, { kind, name }: AnyPlugin): boolean {
  return Object.hasOwn(catalogue[shelves[kind]], name)
}

function withPlugin(catalogue: Catalogue, plugin: AnyPlugin): Catalogue {
  const { kind, name } = plugin
  const shelf = shelves[kind]
  return {
    ...catalogue,
    [shelf]: { ...catalogue[shelf], [name]: async () => plugin },
    ...(kind === 'protocol' && { added: [...(catalogue.added ?? []), name] }),
  }
}

const shelves = { protocol: 'protocols', storage: 'storage', auth: 'auth', bridge: 'bridges' } as const
