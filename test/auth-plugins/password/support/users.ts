import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { password } from '../../../../auth-plugins/password/index.ts'
import type { Logger, Peer } from '../../../../kernel/plugin.ts'
import { ManualClock } from '../../../support/clock.ts'

export const peer: Peer = { address: '192.0.2.1', port: 1, loopback: false, secure: false, certificate: undefined }
export const silent: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/** Of one test file, and gone with it. */
export const directory = mkdtempSync(join(tmpdir(), 'users-'))
afterAll(() => rmSync(directory, { recursive: true }))

let serial = 0

export function freshPath(): string {
  serial += 1
  return join(directory, `users-${serial}`)
}

export async function opened(path: string, options: { cache?: number } = {}, logger = silent) {
  const clock = new ManualClock()
  return { clock, auth: await password.open({ clock, logger }, { file: path, ...options }) }
}

export function login(user: string, secret: string) {
  return { clientId: 'c', user, password: Buffer.from(secret) }
}
