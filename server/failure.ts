import { type BrokerError, isBrokerError } from '../kernel/plugin.ts'
import { LogFields } from './adapters/log-fields.ts'
import { ConfigError } from './config/index.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'

interface Context {
  readonly dataDirectory?: string | undefined
  /** Texts that must not be shown. */
  readonly secrets?: ReadonlySet<string>
}

/** What a terminal shows of an error, and how the process ends with it. */
export function explainFailure(error: unknown, context: Context = {}): { text: string; exitCode: ExitCode } {
  const { dataDirectory } = context
  const safe = new LogFields()
  safe.hide(context.secrets ?? new Set())
  const printable = (text: string): string => safe.text(text)
  if (error instanceof ConfigError) {
    const { length } = error.problems
    const head = `error: the configuration has ${length === 1 ? 'a mistake' : `${length} mistakes`}; nothing was started`
    return {
      text: [head, ...error.message.split('\n').map(line => `  ${printable(line)}`)].join('\n'),
      exitCode: exitCodes.failed,
    }
  }
  if (isBrokerError(error)) {
    const lines = [`error: ${printable(error.message)}`, ...mend(error, dataDirectory)]
    return { text: lines.join('\n'), exitCode: exitCodes.failed }
  }
  if (error instanceof Error && !isBug(error))
    return { text: `error: ${printable(error.message)}`, exitCode: exitCodes.failed }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  const text = `error: an unexpected error; please report it\n${stack.split('\n').map(printable).join('\n')}`
  return { text, exitCode: exitCodes.bug }
}

/** Refusals of the operating system and of plugins are plain errors whose message says all; what Node throws at wrong code is not. */
function isBug(error: Error): boolean {
  return programmingErrors.some(kind => error instanceof kind)
}

const programmingErrors = [TypeError, ReferenceError, RangeError, SyntaxError, EvalError]

function mend({ code, message }: BrokerError, dataDirectory: string | undefined): string[] {
  const data =
    dataDirectory === undefined
      ? ''
      : ` --data ${/^[\w./-]+$/.test(dataDirectory) ? dataDirectory : `'${dataDirectory}'`}`
  switch (code) {
    case 'STORAGE_CORRUPT':
      return [`Begin with: robust-server data check${data}`]
    case 'STORAGE_LOCKED':
      return ['Choose another one with --data, or with "data" in the configuration.']
    case 'LISTEN_FAILED':
      return message.includes('taken') ? ['Choose another port with --port, or with "port" in the configuration.'] : []
    default:
      return []
  }
}
