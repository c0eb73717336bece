import type { LoadedConfig } from './load.ts'
import { effectiveConfig } from './show.ts'

/** Keys that differ and that a reload does not apply. `reloaded`: protocols that took their new options. */
export function restartNeeded(old: LoadedConfig, next: LoadedConfig, reloaded: ReadonlySet<string>): string[] {
  const before = valuesOf(old)
  const after = valuesOf(next)
  const changed = [...new Set([...before.keys(), ...after.keys()])].filter(key => before.get(key) !== after.get(key))
  const kept = changed.filter(key => !reloadable.test(key) && !reloaded.has(protocolOf(key)))
  return [...new Set(kept.map(key => key.replace(asAWhole, '$1')))]
}

/** Whose options these are, if a protocol's: `mqtt.maxKeepAlive`, `protocols.line.maxLineBytes`. */
function protocolOf(key: string): string {
  return key.replace(/^protocols\./, '').replace(/[.[].*/, '')
}

const reloadable =
  /^((connections|bridges)(\.|$)|access\.(anonymous|rules|noMatch|openTopics|certificateUser|bans)\b|log\.level$|tls\.|listeners\.[^.]+\.tls\.)/

/** Authenticators read their sources again, but which there are, and how they are set, is decided at the start. */
const asAWhole = /^(access\.authenticators)\b.*/

function valuesOf(loaded: LoadedConfig): Map<string, string> {
  return new Map(effectiveConfig(loaded).map(({ path, value }) => [path, value]))
}
