import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import { ConfigError, type Flags, type LoadedConfig, loadConfig } from '../../../server/config/index.ts'
import { describedCatalogue } from './catalogue.ts'

export interface Given {
  readonly environment?: NodeJS.ProcessEnv
  readonly flags?: Flags
  /** Further files beside the configuration. */
  readonly files?: Readonly<Record<string, string>>
}

/** An empty folder that is gone after the test. */
export function testFolder(files: Readonly<Record<string, string>> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'robustmq-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  return folder
}

/** Loads the YAML as `robustmq.yaml` of an otherwise empty folder; without YAML there is no file. */
export async function load(yaml: string | undefined, given: Given = {}): Promise<LoadedConfig & { folder: string }> {
  const folder = testFolder({ ...given.files, ...(yaml === undefined ? {} : { 'robustmq.yaml': yaml }) })
  const { catalogue } = describedCatalogue()
  const sources = { catalogue, cwd: folder, environment: given.environment ?? {}, flags: given.flags ?? {} }
  return { ...(await loadConfig(sources)), folder }
}

/** The lines a user sees of a configuration that is wrong. */
export async function mistakes(yaml: string | undefined, given: Given = {}): Promise<string[]> {
  try {
    await load(yaml, given)
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n')
    throw error
  }
  return []
}
