import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { BrokerError, type Storage } from '../../kernel/plugin.ts'
import { liveRecords } from '../../kernel/sessions/live-records.ts'
import { type BackupReport, backup, restore } from '../../storage-plugins/file/backup.ts'
import { check, type Problem } from '../../storage-plugins/file/check.ts'
import { compact } from '../../storage-plugins/file/compact.ts'
import { repair } from '../../storage-plugins/file/repair.ts'
import { printable } from '../adapters/printable.ts'
import { catalogue } from '../catalogue.ts'
import { type ConfigSources, loadConfig } from '../config/index.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'

type Sources = Omit<ConfigSources, 'catalogue' | 'environment'>

/** Changes nothing. Ends with 1 when there is damage that keeps the broker from starting. */
export async function checkData(sources: Sources): Promise<ExitCode> {
  const { directory, files, records, problems } = await check(await directoryOf(sources))
  for (const problem of problems) print(tell(problem))
  const damaged = problems.filter(({ severity }) => severity === 'damage').length
  const found = damaged === 0 ? 'no damage' : `${damaged} ${damaged === 1 ? 'damage' : 'damages'}`
  print(`${directory}: ${files} files, ${records} whole records, ${found}`)
  return damaged === 0 ? exitCodes.ok : exitCodes.failed
}

/** Copies the data of a server, running or not; ends with 1 when the copy is damaged. */
export async function snapshotData(target: string, sources: Sources): Promise<ExitCode> {
  const directory = await directoryOf(sources)
  return tellBackup(`${directory}: copied to ${resolve(target)}`, await backup(directory, resolve(target)))
}

/** Puts a snapshot where a server is to run on it; ends with 1 when it is damaged. */
export async function restoreData(snapshot: string, sources: Sources): Promise<ExitCode> {
  const directory = await fileDirectoryOf(sources)
  return tellBackup(`${directory}: restored from ${resolve(snapshot)}`, await restore(resolve(snapshot), directory))
}

function tellBackup(done: string, { files, bytes, check: { records, problems } }: BackupReport): ExitCode {
  for (const problem of problems) print(tell(problem))
  const damaged = problems.filter(({ severity }) => severity === 'damage').length
  const found =
    damaged === 0 ? 'no damage' : `${damaged} ${damaged === 1 ? 'damage' : 'damages'}, as in what was copied`
  print(`${done}: ${files} files, ${bytes} bytes; read back: ${records} whole records, ${found}`)
  return damaged === 0 ? exitCodes.ok : exitCodes.failed
}

/** Gives back the room of what nobody needs any more. */
export async function compactData(sources: Sources): Promise<ExitCode> {
  const directory = await directoryOf(sources)
  const liveness = async (storage: Storage) => new Map([['spool', await liveRecords(storage)]])
  const { bytesBefore, bytesAfter } = await compact(directory, liveness)
  print(`${directory}: ${bytesBefore} bytes before, ${bytesAfter} bytes after`)
  return exitCodes.ok
}

/** Keeps what can be read, and a copy of every file as it was. */
export async function repairData(sources: Sources): Promise<ExitCode> {
  const directory = await directoryOf(sources)
  const { repaired, copies } = await repair(directory)
  for (const problem of repaired) print(tell(problem))
  for (const copy of copies) print(`kept as it was: ${copy}`)
  print(repaired.length === 0 ? `${directory}: nothing to repair` : `${directory}: repaired`)
  return exitCodes.ok
}

async function directoryOf(sources: Sources): Promise<string> {
  const directory = await fileDirectoryOf(sources)
  if (!existsSync(directory)) throw new BrokerError('CONFIG_INVALID', `there is no data directory ${directory}`)
  return directory
}

async function fileDirectoryOf(sources: Sources): Promise<string> {
  const { config } = await loadConfig({ ...sources, catalogue, environment: process.env })
  const { type, directory }: { readonly type: string; readonly directory?: unknown } = config.storage
  if (type !== 'file' || typeof directory !== 'string')
    throw new BrokerError('CONFIG_INVALID', `the configuration keeps data by storage "${type}", which has no files`)
  return directory
}

function tell({ file, offset, problem, lost, severity }: Problem): string {
  const note = severity === 'interrupted' ? ' (the next start mends it)' : ''
  return printable(`${file} at byte ${offset}: ${problem}; lost: ${lost}${note}`)
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
