import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { isAbsolute, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { BrokerError } from '../kernel/plugin.ts'
import { type AnyPlugin, isPluginLike, pluginFault } from './plugin-shape.ts'

/**
 * The plugins that a module exports, under whatever names. `module` is a path, which begins with '.' or '/', or the
 * name of a package; both are looked up from `folder`. The one place where code of others is loaded.
 * @throws BrokerError PLUGIN_INVALID: what is wrong with it and how to mend it.
 */
export async function pluginsOf(module: string, folder: string): Promise<readonly AnyPlugin[]> {
  const exported = await load(find(module, folder))
  const values = [...Object.values(exported), ...Object.values(Object(exported.default))]
  const plugins = [...new Set(values.filter(isPluginLike))]
  if (plugins.length === 0) throw invalid('it exports none: an object with kind, name, api, options and open()')
  for (const plugin of plugins) {
    const fault = pluginFault(plugin)
    if (fault !== undefined) throw invalid(fault)
  }
  return plugins as unknown as AnyPlugin[]
}

function find(module: string, folder: string): string {
  if (/^\.{0,2}[/\\]/.test(module) || isAbsolute(module)) {
    const path = resolve(folder, module)
    if (existsSync(path)) return path
    const near = ['.js', '.mjs', '.cjs', '/index.js'].find(ending => existsSync(path + ending))
    throw invalid(`there is no file ${path}${near === undefined ? '' : `; did you mean "${module}${near}"?`}`)
  }
  const require = createRequire(join(folder, 'any.js'))
  try {
    return require.resolve(module)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const esm = code === 'ERR_PACKAGE_PATH_NOT_EXPORTED' ? importOnly(module, require.resolve.paths(module)) : undefined
    if (esm !== undefined) return esm
    if (code !== 'MODULE_NOT_FOUND') throw invalid(`its package cannot be used: ${message}`)
    const near = existsSync(resolve(folder, module)) ? `; if the file beside this is meant, write "./${module}"` : ''
    throw invalid(`there is no package "${module}" in ${folder}${near || `; run "npm install ${module}" there`}`)
  }
}

/** A package for `import` alone, which `require.resolve` refuses to see. */
function importOnly(module: string, folders: readonly string[] | null): string | undefined {
  const [, name = '', rest = ''] = /^((?:@[^/]+\/)?[^/]+)(.*)$/.exec(module) ?? []
  const root = folders?.map(folder => join(folder, name)).find(folder => existsSync(join(folder, 'package.json')))
  if (root === undefined) return undefined
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { exports?: unknown }
  const ofSubpath = typeof exports === 'object' && exports !== null && Object.hasOwn(exports, `.${rest}`)
  const target = chosen(
    ofSubpath ? (exports as Record<string, unknown>)[`.${rest}`] : rest === '' ? exports : undefined,
  )
  return target === undefined ? undefined : join(root, target)
}

/** What Node takes for an `import`: the first condition that holds, in the package's own order. */
function chosen(target: unknown): string | undefined {
  if (typeof target === 'string') return target
  if (typeof target !== 'object' || target === null) return undefined
  for (const [condition, inner] of Object.entries(target)) {
    const found = ['import', 'node', 'default'].includes(condition) ? chosen(inner) : undefined
    if (found !== undefined) return found
  }
  return undefined
}

async function load(path: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return (await import(/* @vite-ignore */ pathToFileURL(path).href)) as Record<string, unknown>
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ERR_UNKNOWN_FILE_EXTENSION' && path.endsWith('.ts'))
      throw invalid(`${path} is TypeScript, which this Node does not run; build it and name the .js file`)
    const [, missing] = /^Cannot find package '([^']+)'/.exec(message) ?? []
    const mend = missing === undefined ? '' : `; run "npm install ${missing}" beside it`
    const reason = error instanceof Error ? `${error.name}: ${message.split('\n')[0]}` : String(error)
    throw new BrokerError('PLUGIN_INVALID', `${path} cannot be loaded: ${reason}${mend}`, { cause: error })
  }
}

function invalid(why: string): BrokerError {
  return new BrokerError('PLUGIN_INVALID', why)
}
