import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { Catalogue } from '../catalogue.ts'
import { checkBridges } from './bridge-checks.ts'
import { namedBridges } from './bridges.ts'
import { bridgingOptions } from './bridging-options.ts'
import { type Certificates, checkTogether } from './cross-checks.ts'
import { ConfigDocument, children, section, toValue, type Value } from './document.ts'
import { overlayEnvironment, typeTexts } from './environment.ts'
import { interpolate } from './interpolate.ts'
import { addIssues, fillEmpty } from './issues.ts'
import { type LoadedPlugins, loadNamed, specsOf } from './plugin-choice.ts'
import { blameModules, lookAhead } from './plugin-list.ts'
import { ConfigError } from './problem.ts'
import { type Config, configSchema, defaultData, standardListeners } from './schema.ts'
import { overlaySettings, readSettings, type Settings, settingsFile } from './settings.ts'

export interface ConfigSources {
  /** As the user named it. Default: `robustmq.yaml` in the current folder, if there is one. */
  readonly file?: string | undefined
  /** `--data`, `--port`, `--log-level`. */
  readonly flags?: Flags
  readonly environment: NodeJS.ProcessEnv
  readonly catalogue: Catalogue
  readonly cwd?: string
  /** Default: those of the settings file in the data directory. */
  readonly settings?: Settings
}

export interface Flags {
  readonly data?: string | undefined
  readonly port?: string | undefined
  readonly logLevel?: string | undefined
}

export interface LoadedConfig {
  readonly config: Config
  /** Undefined: no file, only defaults, environment and flags. */
  readonly file: string | undefined
  readonly document: ConfigDocument
  readonly schema: ReturnType<typeof configSchema>
  /** Every plugin there is, those of `plugins` included. */
  readonly catalogue: Catalogue
  /** Those in use. */
  readonly plugins: LoadedPlugins
  readonly certificates: Certificates
  readonly settings: LayeredSettings
}

/** What was changed while a server ran, and the file that holds it. */
export interface LayeredSettings {
  readonly file: string
  readonly values: Settings
  /** Those of the paths that the configuration file says something about, too. */
  readonly over: ReadonlySet<string>
}

export const defaultFile = 'robustmq.yaml'

/** Reads, overlays, checks. @throws ConfigError with every mistake at once */
export async function loadConfig(sources: ConfigSources): Promise<LoadedConfig> {
  const { environment } = sources
  const cwd = sources.cwd ?? process.cwd()
  const { document, file, folder } = await read(sources, cwd)
  const absolute = (path: string): string => resolve(folder, path)
  const seeded = seedListeners(document)
  seedStorage(document)

  // Plugins decide what keys there are, and the environment may decide the plugins: a first look finds their names.
  const { catalogue, first: bare, look, faults } = await lookAhead(document, sources, folder)
  const settings = layerSettings(document, sources, dataDirectory(bare, sources.flags, { absolute, cwd }))
  const first = settings.values.size > 0 ? look() : bare
  seedUsers(first, absolute)
  const plugins = await loadNamed(catalogue, first)

  const schema = configSchema(specsOf(catalogue, plugins), absolute, { named: namedBridges(first) })
  overlayEnvironment(document, environment, schema)
  applyFlags(document, sources.flags ?? {}, cwd)
  if (seeded) seedTlsListeners(document)
  interpolate(document, environment, folder)
  typeTexts(document, schema)
  fillEmpty(document, schema)
  seedPaths(document, plugins)
  seedUsers(document, absolute)

  const result = schema.safeParse(document.root)
  if (!result.success) addIssues(document, schema, result.error.issues)
  const certificates = checkTogether(document, schema)
  if (result.success) await checkBridges(document, bridgingOptions(result.data as Config, plugins))
  blameModules(document, faults)
  if (!result.success || document.problems.length > 0) throw new ConfigError(document.problems)
  return { config: result.data as Config, file, document, schema, catalogue, plugins, certificates, settings }
}

function dataDirectory(
  { root }: ConfigDocument,
  flags: Flags | undefined,
  { absolute, cwd }: { absolute: (path: string) => string; cwd: string },
): string {
  if (flags?.data !== undefined) return resolve(cwd, flags.data)
  return absolute(typeof root.data === 'string' ? root.data : defaultData)
}

function layerSettings(document: ConfigDocument, sources: ConfigSources, data: string): LayeredSettings {
  const file = settingsFile(data)
  const values: Settings = sources.settings ?? readSettings(document, file) ?? new Map()
  const over = new Set([...values.keys()].filter(path => document.get(path.split('.')) !== undefined))
  overlaySettings(document, values, file)
  return { file, values, over }
}

interface Read {
  readonly document: ConfigDocument
  readonly file: string | undefined
  /** What paths are relative to. */
  readonly folder: string
}

async function read(sources: ConfigSources, cwd: string): Promise<Read> {
  const file = sources.file ?? (existsSync(resolve(cwd, defaultFile)) ? defaultFile : undefined)
  const folder = file === undefined ? cwd : dirname(resolve(cwd, file))
  const document = file === undefined ? new ConfigDocument('defaults') : await readFile(file, cwd)
  if (document.problems.length > 0) throw new ConfigError(document.problems)
  return { document, file, folder }
}

/** The catalogue with the plugins that a configuration names. @throws ConfigError when there is no reading it */
export async function catalogueOf(sources: ConfigSources): Promise<Catalogue> {
  const cwd = sources.cwd ?? process.cwd()
  const { document, folder } = await read(sources, cwd)
  const { catalogue, faults } = await lookAhead(document, sources, folder)
  blameModules(document, faults)
  if (document.problems.length > 0) throw new ConfigError(document.problems)
  return catalogue
}

async function readFile(file: string, cwd: string): Promise<ConfigDocument> {
  let text: string
  try {
    text = readFileSync(resolve(cwd, file), 'utf8')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error)
    const reason = code === 'ENOENT' ? 'there is no such file' : `it cannot be read: ${code}`
    throw new ConfigError([{ at: file, path: '', steps: [], message: reason }])
  }
  // Loading a parser costs a tenth of the start; without a file there is nothing to parse.
  const { parseYaml } = await import('./yaml.ts')
  return parseYaml(text, file)
}

/** Without listeners of their own, users get plain ones; the environment may still change them. */
function seedListeners(document: ConfigDocument): boolean {
  if (document.root.listeners !== undefined) return false
  document.set(['listeners'], toValue(standardListeners) as Value, {
    at: 'default',
  })
  return true
}

function seedTlsListeners(document: ConfigDocument): void {
  if (document.root.tls === undefined) return
  for (const transport of ['tls', 'wss']) {
    const path = ['listeners', transport]
    if (document.get(path) === undefined) document.set(path, toValue({ transport }) as Value, { at: 'default' })
    // The environment may have named its port alone.
    else if (document.get([...path, 'transport']) === undefined)
      document.set([...path, 'transport'], transport, { at: 'default' })
  }
}

function applyFlags(document: ConfigDocument, { data, port, logLevel }: Flags, cwd: string): void {
  if (data !== undefined) document.set(['data'], resolve(cwd, data), { at: '--data' })
  if (logLevel !== undefined) document.set(['log', 'level'], logLevel, { at: '--log-level' })
  if (port === undefined) return
  const tcp = children(document.root.listeners).find(([, listener]) => {
    const transport =
      typeof listener === 'object' && listener !== null && 'transport' in listener ? listener.transport : 'tcp'
    return transport === 'tcp'
  })
  if (tcp) document.set(['listeners', tcp[0], 'port'], port, { at: '--port', text: true })
  else document.problem(['listeners'], '--port', 'expected a tcp listener whose port it can set')
}

function seedStorage(document: ConfigDocument): void {
  const { storage } = document.root
  if (storage === null || storage === undefined) document.root.storage = section()
  else if (typeof storage !== 'object' || Array.isArray(storage)) return
  if (document.get(['storage', 'type']) === undefined) document.set(['storage', 'type'], 'file', { at: 'default' })
}

/** Users added before anything was configured are asked for, once there are any. */
function seedUsers(document: ConfigDocument, absolute: (path: string) => string): void {
  const { access, data } = document.root
  if (access !== undefined && (typeof access !== 'object' || access === null || 'authenticators' in access)) return
  const file = defaultUsersFile(absolute(typeof data === 'string' ? data : defaultData))
  if (!existsSync(file)) return
  document.set(['access', 'authenticators'], toValue([{ type: 'password', file }]) as Value, { at: 'default' })
}

function defaultUsersFile(data: string): string {
  return join(data, 'users')
}

export interface UsersFile {
  readonly path: string
  /**
   * When a server of this configuration asks it for what is added: after a reload; once it is started anew; after a
   * reload if it found the file at its start, which only that server knows; or never.
   */
  readonly asked: 'after-reload' | 'after-restart' | 'after-reload-if-found' | 'never'
}

/** The file of the first password authenticator; without any authenticators, the one that is used once it is there. */
export function usersFile({ config, document }: LoadedConfig): UsersFile {
  const password = config.access.authenticators.find(({ type }) => type === 'password')
  const seeded = document.origin(['access', 'authenticators'])?.at === 'default'
  if (typeof password?.file === 'string')
    return { path: password.file, asked: seeded ? 'after-reload-if-found' : 'after-reload' }
  const chosen = document.get(['access', 'authenticators']) !== undefined
  return { path: defaultUsersFile(config.data), asked: chosen ? 'never' : 'after-restart' }
}

/** A storage plugin that wants a directory gets the data directory. */
function seedPaths(document: ConfigDocument, { storage }: LoadedPlugins): void {
  const type = document.get(['storage', 'type'])
  if (typeof type !== 'string' || storage.get(type)?.options.directory?.type !== 'file') return
  if (document.get(['storage', 'directory']) !== undefined) return
  const origin = document.origin(['data']) ?? { at: 'default' }
  document.set(['storage', 'directory'], document.root.data ?? defaultData, origin)
}
