import { LoginRefused } from './sasl.ts'

/** What the broker itself answered: an error of the protocol, by its number and its name. */
export class KafkaError extends Error {
  readonly code: number
  /** Such as NOT_LEADER_OR_FOLLOWER. */
  readonly word: string
  /** What the rest of the answer says. */
  readonly response: unknown

  constructor(code: number, word: string, response?: unknown) {
    super(word)
    this.code = code
    this.word = word
    this.response = response
  }
}

/**
 * network: nobody there, or gone in between. timeout: there, and silent. name: the host's name leads nowhere. tls: the
 * handshake failed. login: credentials refused. version: older than what is spoken here.
 */
export type LinkTrouble = 'network' | 'timeout' | 'name' | 'tls' | 'login' | 'version'

/** A connection could not be had, or was lost. The message names no secret. */
export class LinkError extends Error {
  readonly trouble: LinkTrouble

  constructor(trouble: LinkTrouble, message: string, options?: ErrorOptions) {
    super(message, options)
    this.trouble = trouble
  }
}

/** Causes are this deep at most. */
const maxDepth = 8

/**
 * What is behind an error of the driver, which wraps the truth in network errors and lists of errors: the whole tree is
 * searched. Text is taken from where no secret can be in it.
 */
export function understand(error: unknown, where: string): KafkaError | LinkError {
  const found = treeOf(error)
  const known = found.find(one => one instanceof KafkaError || one instanceof LinkError)
  if (known instanceof KafkaError || known instanceof LinkError) return known
  const refused = found.find(one => one instanceof LoginRefused)
  if (refused instanceof LoginRefused) return new LinkError('login', refused.message)
  for (const { apiId, apiCode } of found as { apiId?: unknown; apiCode?: unknown }[]) {
    if (typeof apiId !== 'string' || typeof apiCode !== 'number') continue
    if (apiCode === saslAuthenticationFailed) return new LinkError('login', 'the broker refused user or password')
    if (apiCode === noSaslHere) return new LinkError('login', `${where} is a listener without SASL`)
    if (apiCode === unsupportedMechanism) return new LinkError('login', 'the broker does not offer this SASL mechanism')
    const response = found.map(one => (one as { response?: unknown }).response).find(one => one !== undefined)
    return new KafkaError(apiCode, apiId, response)
  }
  for (const one of found) {
    const { code } = one as { code?: unknown }
    if (typeof code !== 'string' || code.startsWith('PLT_')) continue
    if (code === 'ENOTFOUND') return new LinkError('name', `the name of ${where} is unknown (ENOTFOUND)`)
    if (/^(CERT_|ERR_TLS|ERR_SSL|ERR_OSSL|UNABLE_|SELF_SIGNED|DEPTH_ZERO|HOSTNAME_|EPROTO)/.test(code)) {
      return new LinkError('tls', `TLS with ${where} failed (${code})`)
    }
    return new LinkError('network', `no connection to ${where} (${code})`)
  }
  if (found.some(one => /TLS handshake failed/.test(messageOf(one)))) {
    return new LinkError('tls', `TLS with ${where} failed: it ended the handshake`)
  }
  const late = found.some(one => /timed out/.test(messageOf(one)))
  return late
    ? new LinkError('timeout', `${where} did not answer in time`)
    : new LinkError('network', `${where} closed the connection`)
}

const saslAuthenticationFailed = 58
const noSaslHere = 34
const unsupportedMechanism = 33

function treeOf(error: unknown, depth = 0): object[] {
  if (typeof error !== 'object' || error === null || depth > maxDepth) return []
  const { cause, errors } = error as { cause?: unknown; errors?: unknown }
  const below = Array.isArray(errors) ? errors : []
  return [error, ...[cause, ...below].flatMap(one => treeOf(one, depth + 1))]
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : '')

/** By waiting alone it does not pass. */
export function wantsMending(error: KafkaError | LinkError): boolean {
  if (error instanceof LinkError) return error.trouble !== 'network' && error.trouble !== 'timeout'
  return mending.has(error.code)
}

/** CLUSTER_AUTHORIZATION_FAILED, TOPIC_..., GROUP_..., INVALID_GROUP_ID, INVALID_SESSION_TIMEOUT, INCONSISTENT_GROUP_PROTOCOL, UNSUPPORTED_VERSION. */
const mending = new Set([29, 30, 31, 24, 26, 23, 35])
