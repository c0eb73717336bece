import { catalogue } from '../catalogue.ts'
import {
  type ConfigSources,
  catalogueOf,
  configJsonSchema,
  configReference,
  effectiveConfig,
  formatEffective,
  loadConfig,
} from '../config/index.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'

type Sources = Omit<ConfigSources, 'catalogue' | 'environment'>

export async function checkConfig(sources: Sources): Promise<ExitCode> {
  const { file } = await loadConfig({ ...sources, catalogue, environment: process.env })
  process.stdout.write(`${file ?? 'the default configuration'} is correct\n`)
  return exitCodes.ok
}

export async function showConfig(sources: Sources, json: boolean): Promise<ExitCode> {
  const entries = effectiveConfig(await loadConfig({ ...sources, catalogue, environment: process.env }))
  process.stdout.write(`${json ? JSON.stringify(entries, null, 2) : formatEffective(entries)}\n`)
  return exitCodes.ok
}

export async function printSchema(sources: Sources): Promise<ExitCode> {
  const known = await catalogueOf({ ...sources, catalogue, environment: process.env })
  process.stdout.write(`${JSON.stringify(await configJsonSchema(known), null, 2)}\n`)
  return exitCodes.ok
}

export async function printReference(sources: Sources): Promise<ExitCode> {
  process.stdout.write(await configReference(await catalogueOf({ ...sources, catalogue, environment: process.env })))
  return exitCodes.ok
}
