import { spawnSync } from 'node:child_process'
import { stripVTControlCharacters } from 'node:util'

/** A program that a client needs on this machine. */
export interface Tool {
  readonly command: string
  /** Prints the version; the first number in the output is compared. */
  readonly versionArguments?: readonly string[]
  readonly atLeast?: readonly [major: number, minor: number]
  /** How to get it, for whoever reads that it is missing. */
  readonly install: string
}

/** Why these tools cannot serve, or undefined when all are there. */
export function missingTool(tools: readonly Tool[]): string | undefined {
  for (const { command, versionArguments = ['--version'], atLeast, install } of tools) {
    const { error, stdout, stderr } = spawnSync(command, versionArguments, { encoding: 'utf8', timeout: 60_000 })
    if (error !== undefined) return `${command} not found - ${install}`
    if (atLeast === undefined) continue
    // Some colour their version even into a pipe, and a first release may have no minor number.
    const found = /(\d+)(?:\.(\d+))?/.exec(stripVTControlCharacters(stdout + stderr))
    const [major, minor] = [Number(found?.[1]), Number(found?.[2] ?? 0)]
    if (found === null || major < atLeast[0] || (major === atLeast[0] && minor < atLeast[1])) {
      return `${command} is ${found?.[0] ?? 'of no known version'}, needed is ${atLeast.join('.')} or later - ${install}`
    }
  }
  return undefined
}
