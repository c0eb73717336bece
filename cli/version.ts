import { readFileSync } from 'node:fs'

/** Of the package that it came with: as a source, or as a part of the built program. */
export const programVersion: string = versionOf(['../package.json', '../../package.json', '../../../package.json'])

function versionOf(paths: readonly string[]): string {
  for (const path of paths) {
    try {
      const { name, version } = JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'))
      if (name === 'robustmq') return version
    } catch {
      // Another one.
    }
  }
  return 'unknown'
}
