import { randomBytes, timingSafeEqual } from 'node:crypto'
import type { Exchange, Identity } from '../../kernel/plugin.ts'
import { saslprep } from './saslprep.ts'
import type { ScramKeys } from './secrets.ts'
import { hmac, sha256 } from './secrets.ts'

/** More than any honest client sends: a user name of 1,000 characters, a nonce of 1,000. */
export const maxScramMessageBytes = 8_192

export interface ScramAccounts {
  /** The user's keys and what the login gives. For a user who does not exist: keys that no password fits. */
  find(name: string): { readonly keys: ScramKeys; readonly identity: Identity | undefined }
}

/**
 * The server's side of one SCRAM-SHA-256 run: RFC 5802, RFC 7677, without channel binding ("n" and "y" are taken, "p" is
 * not offered). A client learns only at the end that it failed, and never why.
 */
export class ScramExchange implements Exchange {
  user: string | undefined
  readonly #accounts: ScramAccounts
  readonly #makeNonce: () => string
  #started: Started | undefined
  #over = false

  constructor(accounts: ScramAccounts, makeNonce = () => randomBytes(18).toString('base64')) {
    this.#accounts = accounts
    this.#makeNonce = makeNonce
  }

  async step(data: Uint8Array): ReturnType<Exchange['step']> {
    if (this.#over) return 'denied'
    const text = readText(data)
    if (this.#started === undefined) {
      this.#started = text === undefined ? undefined : this.#start(text)
      this.#over = this.#started === undefined
      return this.#started === undefined ? 'denied' : { challenge: Buffer.from(this.#started.serverFirst) }
    }
    this.#over = true
    return text === undefined ? 'denied' : finish(this.#started, text)
  }

  /** client-first-message: gs2-cbind-flag "," ["a=" authzid] "," "n=" name "," "r=" nonce ["," extensions] */
  #start(text: string): Started | undefined {
    const parts = /^([ny]),(?:a=([^,]+))?,(n=([^,]*),r=([\x21-\x2b\x2d-\x7e]+)(?:,[a-zA-Z]=[^,]*)*)$/u.exec(text)
    const [, flag, authorizeAs, bare, writtenName, clientNonce] = parts ?? []
    if (bare === undefined || writtenName === undefined || clientNonce === undefined) return undefined
    const name = readName(writtenName)
    if (name === undefined) return undefined
    // Acting for somebody else is not offered. RFC 5802, section 5.1
    if (authorizeAs !== undefined && readName(authorizeAs) !== name) return undefined
    this.user = name
    const { keys, identity } = this.#accounts.find(name)
    const nonce = clientNonce + this.#makeNonce()
    const serverFirst = `r=${nonce},s=${keys.salt.toString('base64')},i=${keys.iterations}`
    const gs2Header = `${flag},${authorizeAs === undefined ? '' : `a=${authorizeAs}`},`
    return {
      clientFirstBare: bare,
      serverFirst,
      nonce,
      keys,
      identity,
      binding: Buffer.from(gs2Header).toString('base64'),
    }
  }
}

interface Started {
  readonly clientFirstBare: string
  readonly serverFirst: string
  readonly nonce: string
  readonly keys: ScramKeys
  readonly identity: Identity | undefined
  /** What the client must repeat as `c=`: nobody in between changed its first message. */
  readonly binding: string
}

/** client-final-message: "c=" binding "," "r=" nonce ["," extensions] "," "p=" proof */
function finish(started: Started, text: string): { identity: Identity; data: Uint8Array } | 'denied' {
  const parts = /^(c=([^,]+),r=([^,]+)(?:,[a-zA-Z]=[^,]*)*),p=([A-Za-z0-9+/]{43}=)$/u.exec(text)
  const [, withoutProof, binding, nonce, proof64] = parts ?? []
  if (withoutProof === undefined || proof64 === undefined) return 'denied'
  const authMessage = `${started.clientFirstBare},${started.serverFirst},${withoutProof}`
  const proof = Buffer.from(proof64, 'base64')
  const signature = hmac(started.keys.storedKey, authMessage)
  const clientKey = Buffer.from(proof.map((byte, at) => byte ^ (signature[at] ?? 0)))
  // The keys are compared for users who do not exist as well, so that the time tells nothing.
  const proven = timingSafeEqual(sha256(clientKey), started.keys.storedKey)
  const intact = binding === started.binding && nonce === started.nonce
  if (!proven || !intact || started.identity === undefined) return 'denied'
  const verifier = hmac(started.keys.serverKey, authMessage).toString('base64')
  return { identity: started.identity, data: Buffer.from(`v=${verifier}`) }
}

/** saslname: "," is "=2C", "=" is "=3D", and "=" before anything else is an error. RFC 5802, section 5.1 */
function readName(written: string): string | undefined {
  if (/=(?!2C|3D)/.test(written)) return undefined
  const name = saslprep(written.replaceAll('=2C', ',').replaceAll('=3D', '='))
  return name === '' ? undefined : name
}

function readText(data: Uint8Array): string | undefined {
  if (data.length > maxScramMessageBytes) return undefined
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(data)
  } catch {
    return undefined
  }
}
