import { createHash, createHmac, pbkdf2Sync } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { addUser, password } from '../../../auth-plugins/password/index.ts'
import { startBroker } from '../../support/broker.ts'
import { reAuthenticate as again, auth, beginAuthentication as begin, proceed } from './auth-packets.ts'

test("SCRAM-SHA-256, from the first message to the server's own proof, and again on the open connection [MQTT-4.12.0-5] [MQTT-4.12.1-1]", async () => {
  const directory = await mkdtemp(path.join(tmpdir(), 'users-'))
  const file = path.join(directory, 'users')
  await addUser(file, { name: 'ann', password: 'correct horse' })
  try {
    await using broker = await startBroker({
      kernel: { access: { authenticators: [{ plugin: password, options: { file } }], anonymous: 'never' } },
    })
    const one = await broker.wire()
    const first = 'n=ann,r=clientnonce'
    begin(one, 'SCRAM-SHA-256', `n,,${first}`)
    const challenge = dataOf(await one.next('auth'))
    const { final, verifier } = scram(first, challenge, 'correct horse')
    one.send(auth(proceed, 'SCRAM-SHA-256', final))
    const connack = await one.next('connack')
    expect(connack.reasonCode).toBe(0)
    expect(dataOf(connack)).toBe(verifier)
    one.send(auth(again, 'SCRAM-SHA-256', `n,,${first}`))
    const second = scram(first, dataOf(await one.next('auth')), 'correct horse')
    one.send(auth(proceed, 'SCRAM-SHA-256', second.final))
    const done = await one.next('auth')
    expect([done.reasonCode, dataOf(done)]).toEqual([0, second.verifier])
    const liar = await broker.wire()
    begin(liar, 'SCRAM-SHA-256', `n,,${first}`)
    liar.send(auth(proceed, 'SCRAM-SHA-256', scram(first, dataOf(await liar.next('auth')), 'wrong').final))
    expect((await liar.closed()).reasonCode).toBe(0x87)
  } finally {
    await rm(directory, { recursive: true })
  }
})

function dataOf(packet: { properties?: { authenticationData?: Buffer } | undefined }): string {
  return String(packet.properties?.authenticationData)
}

/** The client's side, straight from RFC 5802. */
function scram(firstBare: string, serverFirst: string, secret: string): { final: string; verifier: string } {
  const [, nonce = '', salt = '', iterations = ''] = /^r=([^,]+),s=([^,]+),i=(\d+)$/.exec(serverFirst) ?? []
  const hmac = (key: Buffer, message: string) => createHmac('sha256', key).update(message).digest()
  const salted = pbkdf2Sync(secret, Buffer.from(salt, 'base64'), Number(iterations), 32, 'sha256')
  const clientKey = hmac(salted, 'Client Key')
  const withoutProof = `c=${Buffer.from('n,,').toString('base64')},r=${nonce}`
  const message = `${firstBare},${serverFirst},${withoutProof}`
  const signature = hmac(createHash('sha256').update(clientKey).digest(), message)
  const proof = Buffer.from(clientKey.map((value, at) => value ^ signature[at]!)).toString('base64')
  const verifier = `v=${hmac(hmac(salted, 'Server Key'), message).toString('base64')}`
  return { final: `${withoutProof},p=${proof}`, verifier }
}
