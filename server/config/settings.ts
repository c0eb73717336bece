import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ConfigDocument, clone, toValue, type Value } from './document.ts'

/** What was changed while the server ran, by path: `log.level`, `access.rules`, `mqtt.autoSubscribe`, `bridges.alarms`. */
export type Settings = ReadonlyMap<string, Value>

/** Paths that a running server takes, and that settings may therefore hold. Connections and bridges are changed whole. */
const changeable =
  /^(log\.level|access\.(anonymous|rules|noMatch|bans)|mqtt\.[A-Za-z]+|(connections|bridges)\.[a-z0-9][a-z0-9_-]{0,63})$/

export const settingsFormat = 1

export function isChangeable(path: string): boolean {
  return changeable.test(path)
}

export function settingsFile(data: string): string {
  return join(data, 'settings.json')
}

/** What the file holds; undefined when it is not there. A wrong one is a mistake of the configuration. */
export function readSettings(document: ConfigDocument, file: string): Settings | undefined {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error)
    if (code !== 'ENOENT' && code !== 'ENOTDIR') document.problem([], file, `it cannot be read: ${code}`)
    return undefined
  }
  const settings = parse(text)
  if (!settings) {
    const remedy = 'remove it to go back to what the configuration says'
    document.problem([], file, `expected settings as the server writes them, of format ${settingsFormat}; ${remedy}`)
  }
  return settings
}

/** Lays settings over what the file of the configuration says, and under environment and flags. */
export function overlaySettings(document: ConfigDocument, settings: Settings, file: string): void {
  // As a copy: what ${env:...} stands for gets into the document, and never into the settings.
  for (const [path, value] of settings) document.set(path.split('.'), clone(value), { at: file })
}

function parse(text: string): Settings | undefined {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof json !== 'object' || json === null || !('format' in json) || json.format !== settingsFormat)
    return undefined
  if (!('values' in json) || typeof json.values !== 'object' || json.values === null) return undefined
  const settings = new Map<string, Value>()
  for (const [path, given] of Object.entries(json.values)) {
    const value = toValue(given)
    if (value === undefined || !isChangeable(path)) return undefined
    settings.set(path, value)
  }
  return settings
}
