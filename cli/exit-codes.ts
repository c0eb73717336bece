/** What a script can tell from how `robust-ctl` ends. */
export const exitCodes = {
  ok: 0,
  /** It could not be done; the message says why. */
  failed: 1,
  /** The command line is wrong. */
  usage: 2,
  /** The server could not be reached. */
  unreachable: 3,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** A failure whose message is meant for the user, with what to do next. */
export class CommandFailure extends Error {
  readonly exitCode: ExitCode
  /** The command to run next, where there is one. */
  readonly next: string | undefined

  constructor(message: string, options: { exitCode?: ExitCode; next?: string } = {}) {
    super(message)
    this.exitCode = options.exitCode ?? exitCodes.failed
    this.next = options.next
  }
}
