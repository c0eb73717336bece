import type { Command } from 'commander'
import { ApiClient } from './api-client.ts'
import { chooseContext } from './contexts.ts'
import { type Format, Printer } from './output/printer.ts'
import { watch } from './output/watch.ts'

/** What every command takes. */
export interface GlobalFlags {
  readonly context?: string
  readonly url?: string
  readonly apiKey?: string
  readonly output?: Format
  readonly watch?: boolean
}

/** What one command works with. */
export interface Session {
  readonly api: ApiClient
  readonly printer: Printer
  readonly flags: GlobalFlags
  /** Does it once, or again and again with `--watch`. */
  repeat(work: () => Promise<void>): Promise<void>
}

export function sessionOf(command: Command): Session {
  const flags = command.optsWithGlobals<GlobalFlags>()
  const { stdout, env } = process
  const terminal = stdout.isTTY === true
  const printer = new Printer({
    format: flags.output,
    terminal,
    colour: terminal && env.NO_COLOR === undefined,
    width: terminal ? stdout.columns : Number.POSITIVE_INFINITY,
    write: text => stdout.write(text),
  })
  return {
    printer,
    flags,
    // Made when it is needed: `context` and `completion` speak to nobody.
    get api() {
      return new ApiClient(chooseContext(flags, env))
    },
    repeat: work => {
      if (!flags.watch) return work()
      const abort = new AbortController()
      process.once('SIGINT', () => abort.abort())
      return watch(work, { clear: printer.forPeople && terminal, signal: abort.signal })
    },
  }
}
