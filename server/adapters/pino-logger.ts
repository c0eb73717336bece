import { pino } from 'pino'
import type { Clock, Logger } from '../../kernel/plugin.ts'
import { defaultFloodLimits, FloodLimit, type FloodLimits } from './flood-limit.ts'
import { LogFields } from './log-fields.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** The kernel's logger with what only the server needs. */
export interface ServerLogger extends Logger {
  level: LogLevel
  fatal(fields: object, message: string): void
  /** Texts that no line may show from now on. */
  hide(secrets: ReadonlySet<string>): void
  /** Calls `watcher` with each line as it is written. Returns what ends it. */
  watch(watcher: (line: LogLine) => void): () => void
  /** Writes what is pending; after it nothing is lost when the process ends. */
  close(): void
}

export interface LogLine {
  readonly level: LogLevel
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}

export interface LoggerOptions {
  readonly level: LogLevel
  readonly format: 'pretty' | 'json'
  /** Of the pretty format. */
  readonly colour?: boolean
  /** On every line. */
  readonly base?: Readonly<Record<string, unknown>>
  readonly clock: Clock
  /** Default: standard output. */
  readonly destination?: { write(line: string): void; flushSync?(): void }
  readonly floodLimits?: FloodLimits
}

/** Unwritten log bytes, when whoever reads standard output has stopped; past it lines are lost, not memory. */
const pendingBytesLimit = 4_194_304

/** Logs by pino: JSON, or for people on a terminal. */
export async function createLogger(options: LoggerOptions): Promise<ServerLogger> {
  const sink = options.destination ?? pino.destination({ fd: 1, sync: false, maxLength: pendingBytesLimit })
  const stream = options.format === 'pretty' ? await prettyStream(sink, options.colour ?? false) : sink
  const log = pino(
    { level: options.level, base: options.base ?? null, timestamp: pino.stdTimeFunctions.isoTime, formatters },
    stream,
  )
  const safe = new LogFields()
  const flood = new FloodLimit(options.clock, options.floodLimits ?? defaultFloodLimits, (kind, suppressed, windowMs) =>
    log.warn({ line: safe.text(kind), suppressed, windowMs }, 'suppressed lines of a flood'),
  )
  const watchers = new Set<(line: LogLine) => void>()
  const write =
    (level: LogLevel) =>
    (fields: object, message: string): void => {
      if (!log.isLevelEnabled(level) || !flood.pass(`${level} ${message}`.slice(0, 200))) return
      const line = { level, message: safe.text(message), fields: safe.fields(fields) }
      log[level](line.fields, line.message)
      for (const watcher of watchers) watcher(line)
    }
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    fatal: (fields, message) => log.fatal(safe.fields(fields), safe.text(message)),
    get level() {
      return log.level as LogLevel
    },
    set level(level) {
      log.level = level
    },
    hide: secrets => safe.hide(secrets),
    watch: watcher => {
      watchers.add(watcher)
      return () => watchers.delete(watcher)
    },
    close: () => {
      flood.close()
      flushSafely(sink)
    },
  }
}

const formatters = { level: (label: string): object => ({ level: label }) }

async function prettyStream(
  sink: { write(line: string): void },
  colour: boolean,
): Promise<{ write(line: string): void }> {
  const { prettyFactory } = await import('pino-pretty')
  const pretty = prettyFactory({
    colorize: colour,
    translateTime: 'HH:MM:ss.l',
    singleLine: true,
    errorLikeObjectKeys: [],
  })
  return { write: line => sink.write(pretty(line)) }
}

function flushSafely(sink: { flushSync?(): void }): void {
  try {
    sink.flushSync?.()
  } catch {
    // Standard output is gone or not open yet; there is nobody left to tell.
  }
}
