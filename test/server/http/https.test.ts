import { createPrivateKey } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { get, type RequestOptions } from 'node:https'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { certificates } from '../../support/certificates.ts'
import { testFolder } from '../support/config.ts'
import { Api } from './api.ts'

/** Its status, or why there is none. */
async function ask(api: Api, options: RequestOptions): Promise<number | undefined> {
  const request = get(`${api.http.url}/api/v1/me`, { agent: false, ...options })
  const [answer] = (await once(request, 'response')) as [IncomingMessage]
  answer.resume()
  return answer.statusCode
}

async function serve(lines: readonly string[]) {
  const { ca, cert, key } = await certificates()
  const passphrase = 'open sesame'
  const cipher = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase } as const
  const shut = createPrivateKey(key).export(cipher).toString()
  const folder = testFolder({ 'ca.pem': ca, 'cert.pem': cert, 'key.pem': shut })
  const at = (name: string) => JSON.stringify(join(folder, name))
  const configuration = `
http:
  tls:
    cert: ${at('cert.pem')}
    key: ${at('key.pem')}
    passphrase: ${passphrase}
${lines.map(line => `    ${line.replace('ca.pem', at('ca.pem'))}`).join('\n')}
`
  return { api: await Api.start({ configuration }), ca, cert, key }
}

test('with certificates the API speaks HTTPS, and opens its key with the passphrase', async () => {
  const { api, ca } = await serve([])
  expect(api.http.url).toMatch(/^https:/)
  expect(await ask(api, { ca })).toBe(200)
  await expect(ask(api, {})).rejects.toThrow(/certificate/)
})

test('given authorities of clients, whoever has no certificate of theirs is refused', async () => {
  const { api, ca, cert, key } = await serve(['ca: ca.pem'])
  expect(await ask(api, { ca, cert, key })).toBe(200)
  await expect(ask(api, { ca })).rejects.toThrow()
})

test('older versions of TLS than the configured one are refused', async () => {
  const { api, ca } = await serve(['minVersion: TLSv1.3'])
  expect(await ask(api, { ca })).toBe(200)
  await expect(ask(api, { ca, maxVersion: 'TLSv1.2' })).rejects.toThrow(/protocol version/i)
})
