import { isBrokerError } from '../../../kernel/plugin.ts'
import { type ConnackProperties, type Connect, PacketError } from '../codec/index.ts'
import { reason } from '../reason-codes.ts'

/** A refusal of CONNECT: what its CONNACK says. */
export class Refusal extends Error {
  readonly reasonCode: number
  readonly properties: ConnackProperties

  constructor(reasonCode: number, why: string, properties: ConnackProperties = {}) {
    super(why)
    this.name = 'Refusal'
    this.reasonCode = reasonCode
    this.properties = properties
  }
}

/** What an error of login or session opening says in CONNACK. Anything unexpected is thrown again. */
export function refusalOf(error: unknown, connect: Connect): Refusal {
  if (error instanceof Refusal) return error
  if (error instanceof PacketError) return new Refusal(error.reasonCode, error.message)
  if (!isBrokerError(error)) throw error
  switch (error.code) {
    case 'BANNED':
      return new Refusal(reason.banned, error.message)
    case 'NOT_AUTHORIZED': {
      const named = connect.user !== undefined || connect.password !== undefined
      return new Refusal(named ? reason.badUserNameOrPassword : reason.notAuthorized, error.message)
    }
    case 'LIMIT_REACHED':
    case 'STORAGE_FULL':
      return new Refusal(reason.quotaExceeded, error.message)
    case 'RATE_EXCEEDED':
      return new Refusal(reason.connectionRateExceeded, error.message)
    case 'SESSION_TAKEN':
      return new Refusal(reason.sessionTakenOver, error.message)
    default:
      return new Refusal(reason.serverUnavailable, error.message)
  }
}
