import { createHash, createHmac, pbkdf2Sync } from 'node:crypto'
import { expect, test } from 'vitest'
import { LoginRefused, logIn } from '../../../../bridges/kafka/wire/sasl.ts'

const login = { mechanism: 'scram-sha-256', username: 'a=b,c', password: 'pencil', token: async () => 'tok' } as const

/** The broker's side of SCRAM, written from RFC 5802. */
function scramServer(password: string, changes: { nonce?: string; iterations?: number } = {}) {
  const { nonce, iterations = 4096 } = changes
  const salt = Buffer.from('salt')
  let first = ''
  let challenge = ''
  return async (bytes: Buffer) => {
    const text = bytes.toString()
    if (first === '') {
      first = text.slice(3)
      challenge = `r=${nonce ?? `${/r=(.*)/.exec(text)?.[1]}server`},s=${salt.toString('base64')},i=${iterations}`
      return Buffer.from(challenge)
    }
    const salted = pbkdf2Sync(password, salt, iterations, 32, 'sha256')
    const hmac = (key: Buffer, data: string) => createHmac('sha256', key).update(data).digest()
    const [, bare, proof] = /^(.*),p=(.*)$/.exec(text)!
    const exchanged = `${first},${challenge},${bare}`
    const clientKey = hmac(salted, 'Client Key')
    const signature = hmac(createHash('sha256').update(clientKey).digest(), exchanged)
    const expected = Buffer.from(clientKey.map((byte, at) => byte ^ signature[at]!)).toString('base64')
    if (proof !== expected) return Buffer.from('e=invalid-proof')
    return Buffer.from(`v=${hmac(hmac(salted, 'Server Key'), exchanged).toString('base64')}`)
  }
}

test('SCRAM proves the password, and the broker has to prove it as well', async () => {
  await logIn(login, scramServer('pencil'))
  await expect(logIn(login, scramServer('another'))).rejects.toThrow(LoginRefused)
})

test('a SCRAM challenge that is none is refused, whatever is in it', async () => {
  await expect(logIn(login, scramServer('pencil', { nonce: 'mine' }))).rejects.toThrow(LoginRefused)
  await expect(logIn(login, scramServer('pencil', { iterations: 1 }))).rejects.toThrow(LoginRefused)
  await expect(logIn(login, scramServer('pencil', { iterations: 1e12 }))).rejects.toThrow(LoginRefused)
  for (const noise of ['', 'x', 'r', ',,,', 'r=,s=,i=']) {
    await expect(logIn(login, async () => Buffer.from(noise))).rejects.toThrow(LoginRefused)
  }
})

test('a refused token is told without the token', async () => {
  const said: string[] = []
  const refuses = async (bytes: Buffer) => {
    said.push(bytes.toString())
    return Buffer.from('{"status":"invalid_token"}')
  }
  const bearer = { ...login, mechanism: 'oauthbearer' as const }
  await expect(logIn(bearer, refuses)).rejects.toThrow('the broker refused the token: invalid_token')
  expect(said).toEqual(['n,,\x01auth=Bearer tok\x01\x01', '\x01'])
})
