import type { LoadedConfig } from './load.ts'
import { effectiveConfig } from './show.ts'

/** Keys that differ and that a reload does not apply. */
export function restartNeeded(old: LoadedConfig, next: LoadedConfig): string[] {
  const before = valuesOf(old)
  const after = valuesOf(next)
  const keys = [...new Set([...before.keys(), ...after.keys()])]
  return keys.filter(key => before.get(key) !== after.get(key) && !reloadable.test(key))
}

/** Authenticators read their sources again, but which there are is decided at the start, as is flapping detection. */
const reloadable = /^(access\.(anonymous|rules|noMatch|certificateUser)\b|log\.level$|tls\.|listeners\.[^.]+\.tls\.)/

function valuesOf(loaded: LoadedConfig): Map<string, string> {
  return new Map(effectiveConfig(loaded).map(({ path, value }) => [path, value]))
}
