import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { CommandFailure, exitCodes } from '../exit-codes.ts'
import { fromYaml } from '../yaml.ts'

/** One entry of the configuration, YAML or JSON, from a file or, for `-`, from standard input. @throws CommandFailure */
export async function readEntry(file: string): Promise<object> {
  const written = await (file === '-' ? text(process.stdin) : readFile(file, 'utf8')).catch(error => {
    throw wrong(`${file} cannot be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}`)
  })
  const entry = parsed(file, written)
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry))
    throw wrong(`${file}: expected keys and values, as an entry of the configuration has them`)
  return entry
}

function parsed(file: string, written: string): unknown {
  try {
    return fromYaml(written)
  } catch (error) {
    throw wrong(`${file} is no YAML: ${(error as Error).message.split('\n')[0] ?? ''}`)
  }
}

function wrong(message: string): CommandFailure {
  return new CommandFailure(message, { exitCode: exitCodes.usage })
}
