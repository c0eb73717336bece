export const exitCodes = {
  ok: 0,
  /** It could not be done; the message says why. */
  failed: 1,
  /** The command line is wrong. */
  usage: 2,
  /** A bug: something that must not happen did. */
  bug: 70,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]
