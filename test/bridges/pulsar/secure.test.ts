import { describe, expect, test } from 'vitest'
import type { Rung } from '../../../kernel/plugin.ts'
import { PythonClient } from '../../support/services/pulsar/python-client.ts'
import { describePulsar } from '../../support/services/pulsar/start-pulsar.ts'
import { forever } from './support/client-host.ts'
import { openPulsar, type PulsarAtHand, readRecords, scopeOf } from './support/open-pulsar.ts'

describePulsar('a Pulsar with TLS and authorization', { secure: true }, server => {
  const send = async (bridge: PulsarAtHand, topic: string, text: string) => {
    const sink = bridge.egress({ topic })
    await sink.send([sink.prepare(scopeOf({ payload: Buffer.from(text) }))], forever)
  }

  test.each([
    ['a token over TLS', ({ serviceUrlTls: url, ca, token }) => ({ url, token, tls: { ca } })],
    [
      'a client certificate',
      ({ serviceUrlTls: url, ca, clientCert: cert, clientKey: key }) => ({ url, tls: { ca, cert, key } }),
    ],
    ['a token without TLS', ({ token }, plain) => ({ url: plain, token })],
  ] as [string, (secrets: ReturnType<typeof server>['secrets'], plain: string) => Record<string, unknown>][])(
    'takes %s, both ways',
    async (_, options) => {
      const { secrets, serviceUrl } = server()
      const topic = await server().topic(2)
      await using python = await PythonClient.start({
        url: secrets.serviceUrlTls,
        token: secrets.token,
        ca: secrets.ca,
      })
      await python.subscribe(topic, 'reader')
      await using bridge = await openPulsar(options(secrets, serviceUrl))
      const source = bridge.ingress({ topic, subscription: 's', from: 'earliest' })
      await send(bridge, topic, 'ours')
      expect((await python.receive('reader', 1)).map(({ value }) => `${value}`)).toEqual(['ours'])
      await python.produce(topic, [{ value: Buffer.from('theirs') }])
      const records = await readRecords(source, 2)
      expect(records.map(({ value }) => `${value}`).sort()).toEqual(['ours', 'theirs'])
    },
  )

  test('a token that is valid and allowed nothing: its messages are rejected, and reading wants to be mended', async () => {
    const { serviceUrlTls: url, ca, deniedToken: token } = server().secrets
    await using bridge = await openPulsar({ url, token, tls: { ca } })
    const topic = await server().topic()
    await expect(send(bridge, topic, 'x')).rejects.toMatchObject({
      rejections: [{ index: 0, why: { code: 'AUTHORIZATION' } }],
    })
    const reading = readRecords(bridge.ingress({ topic, subscription: 's' }), 1)
    await expect(reading).rejects.toMatchObject({
      wants: 'mend',
      message: expect.stringContaining('AuthorizationError'),
    })
  })

  describe('what is wrong is to be mended, and the ladder says what', () => {
    const forged = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZG1pbiJ9.c2VjcmV0LXNpZ25hdHVyZQ'
    test.each([
      ['a forged token', { token: forged }, 'login', 'the token is not one that this Pulsar accepts'],
      ['no token', {}, 'login', 'give token, or tls.cert and tls.key'],
      ['an authority that is not trusted', { tls: {} }, 'TLS', 'set tls.ca'],
      ['a name that the certificate does not bear', { servername: 'pulsar.example' }, 'TLS', 'set tls.servername'],
    ])('%s', async (_, { tls, servername, ...more }: Record<string, unknown>, name, mend) => {
      const { serviceUrlTls: url, ca } = server().secrets
      const options = { url, tls: tls ?? { ca, ...(servername === undefined ? {} : { servername }) }, ...more }
      await using bridge = await openPulsar(options)
      const failure: Error = await send(bridge, 'persistent://public/default/x', 'x').catch(error => error)
      expect(failure).toMatchObject({ wants: 'mend', taken: [], rejections: [] })
      expect(failure.message).not.toContain(forged)
      const rungs = await climbed(bridge)
      expect(rungs.at(-1)).toMatchObject({ name, ok: false, mend: expect.stringContaining(mend) })
      expect(JSON.stringify(rungs)).not.toContain(forged)
    })

    test('the port of TLS without TLS', async () => {
      const { serviceUrlTls, token } = server().secrets
      await using bridge = await openPulsar({ url: serviceUrlTls.replace('pulsar+ssl', 'pulsar'), token })
      expect((await climbed(bridge)).at(-1)).toMatchObject({
        name: 'login',
        ok: false,
        mend: expect.stringContaining('check the port'),
      })
    })
  })

  test('the ladder tells how long the certificate holds', async () => {
    const { serviceUrlTls: url, ca, token } = server().secrets
    await using bridge = await openPulsar({ url: url.replace('127.0.0.1', 'localhost'), token, tls: { ca } })
    const rungs = await climbed(bridge)
    expect(rungs.map(({ name, ok }) => [name, ok])).toEqual(
      ['DNS', 'TCP', 'TLS', 'login', 'metadata', 'topic'].map(name => [name, true]),
    )
    expect(rungs[2]?.detail).toMatch(/valid for 36\d\d days/)
  })

  async function climbed(bridge: PulsarAtHand): Promise<Rung[]> {
    const target = {
      from: {
        topic: await server().topic(),
        subscription: 's',
        type: 'failover',
        from: 'latest',
        queue: 1,
        queueBytes: 1024,
      },
    } as const
    const rungs: Rung[] = []
    for await (const rung of bridge.connection.test(target, forever)) rungs.push(rung)
    return rungs
  }
})

test('what does not go together is refused before anybody is asked', async () => {
  const url = 'pulsar://127.0.0.1:1'
  await expect(openPulsar({ url: 'kafka://x' })).rejects.toThrow('is no address of Pulsar')
  await expect(openPulsar({ url, tls: {} })).rejects.toThrow('tls is given, and pulsar://127.0.0.1:1 is without')
  await expect(openPulsar({ url: 'pulsar+ssl://x', tls: { ca: '/nowhere.pem' } })).rejects.toThrow('cannot be read')
  await using bridge = await openPulsar({ url })
  expect(() => bridge.egress({ topic: 'persistent://x' })).toThrow('to.topic: "persistent://x" is no topic of Pulsar')
  expect(() => bridge.ingress({ topic: 'a/b', subscription: 's' })).toThrow('ingress.topic')
  expect(() => bridge.egress({ topic: 't' }, { compression: 'snappy' })).toThrow('must be one of none, lz4, zlib')
})
