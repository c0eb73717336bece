import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import type { KafkaOptions } from '../../../bridges/kafka/index.ts'
import type { Rung } from '../../../kernel/plugin.ts'
import { isBridgeFailure } from '../../../kernel/plugin.ts'
import type { SecureKafka } from '../../support/services/kafka.ts'
import { describeKafka } from '../../support/services/kafka.ts'
import { logged, openKafka, readUntil, rungs, sendAll, template } from './support/plugin.ts'

type Options = Omit<KafkaOptions, 'brokers'> & { brokers: string }

describeKafka('logins and TLS of a real Kafka', { secure: true }, kafka => {
  const use = { bridge: 'test' }
  const secure = (): SecureKafka => kafka().secure
  const open = ({ brokers, ...rest }: Options) => openKafka({ ...rest, brokers: brokers.split(',') })
  const tls = () => ({ ca: secure().ca, verify: true })
  const seen: string[] = []
  const told = (one: readonly Rung[]) => void seen.push(JSON.stringify(one))

  const scram = (mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512', password = secure().users.app) => ({
    sasl: { mechanism, username: 'app', password },
  })
  const ways: readonly [name: string, options: () => Options][] = [
    ['TLS', () => ({ brokers: secure().ssl, tls: tls() })],
    ['mutual TLS', () => ({ brokers: secure().mtls, tls: { ...tls(), cert: secure().cert, key: secure().key } })],
    ['plain over TLS', () => ({ brokers: secure().saslSsl, tls: tls(), ...scram('plain') })],
    ['scram-sha-256 over TLS', () => ({ brokers: secure().saslSsl, tls: tls(), ...scram('scram-sha-256') })],
    ['scram-sha-512 over TLS', () => ({ brokers: secure().saslSsl, tls: tls(), ...scram('scram-sha-512') })],
    ['plain', () => ({ brokers: secure().saslPlaintext, ...scram('plain') })],
    ['scram-sha-256', () => ({ brokers: secure().saslPlaintext, ...scram('scram-sha-256') })],
    ['scram-sha-512', () => ({ brokers: secure().saslPlaintext, ...scram('scram-sha-512') })],
    ['oauthbearer', () => ({ brokers: secure().saslPlaintext, sasl: { mechanism: 'oauthbearer', token: token() } })],
  ]
  const token = () => secure().oauthTokens.app

  async function roundTrip(options: Options): Promise<void> {
    const topic = await kafka().topic()
    const connection = await open(options)
    const sink = connection.egress!({ topic: template(topic) }, {}, use)
    const source = connection.ingress!({ topic, group: topic, from: 'earliest' }, use)
    try {
      await sendAll(sink, [{ payload: 'there and back' }])
      const [record] = await readUntil(source, records => records.length > 0)
      expect(Buffer.from(record!.value).toString()).toBe('there and back')
      const ladder = await rungs(connection, { from: { topic, group: topic } })
      told(ladder)
      expect(ladder.filter(({ ok }) => !ok)).toEqual([])
      expect(ladder.map(({ name }) => name)).toEqual([
        'TCP',
        ...(options.tls ? ['TLS'] : []),
        options.sasl ? 'login' : 'hello',
        ...['metadata', 'topic', 'broker 1'],
      ])
    } finally {
      await sink.close()
      await source.close()
    }
  }

  test.each(ways)('%s, there and back', (_, options) => roundTrip(options()))

  test('oauthbearer with tokens of an endpoint, which is asked once while a token is good', async () => {
    const asked: string[] = []
    const endpoint = createServer((request, response) => {
      let body = ''
      request.setEncoding('utf8').on('data', chunk => {
        body += chunk
      })
      request.on('end', () => {
        asked.push(`${request.headers.authorization} ${body}`)
        response.end(JSON.stringify({ access_token: token(), token_type: 'Bearer', expires_in: 3600 }))
      })
    }).listen(0, '127.0.0.1')
    await once(endpoint, 'listening')
    const tokenUrl = `http://127.0.0.1:${(endpoint.address() as AddressInfo).port}/token`
    const sasl = { mechanism: 'oauthbearer', tokenUrl, clientId: 'me', clientSecret: 's3cret', scope: 'kafka' } as const
    try {
      await roundTrip({ brokers: secure().saslPlaintext, sasl })
    } finally {
      endpoint.close()
    }
    const basic = Buffer.from('me:s3cret').toString('base64')
    expect(asked).toEqual([`Basic ${basic} grant_type=client_credentials&scope=kafka`])
  })

  const wrong: readonly [name: string, options: () => Options, rung: string, mend: RegExp][] = [
    ['a host that has no name', () => ({ brokers: 'no-such-host.invalid:1' }), 'DNS', /name of the host/],
    ['a port where nobody listens', () => ({ brokers: '127.0.0.1:1' }), 'TCP', /nobody listens/],
    ['an unknown authority', () => ({ brokers: secure().ssl, tls: { verify: true } }), 'TLS', /tls\.ca/],
    ['TLS where there is none', () => ({ brokers: kafka().brokers.join(), tls: tls() }), 'TLS', /speaks TLS/],
    ['no TLS where there is', () => ({ brokers: secure().ssl }), 'hello', /TLS or a login/],
    [
      'no certificate where one is wanted',
      () => ({ brokers: secure().mtls, tls: tls() }),
      'hello',
      /client certificate/,
    ],
    [
      'a wrong password',
      () => ({ brokers: secure().saslPlaintext, ...scram('plain', 'wrong1') }),
      'login',
      /credentials/,
    ],
    [
      'a wrong password, scram',
      () => ({ brokers: secure().saslPlaintext, ...scram('scram-sha-512', 'wrong2') }),
      'login',
      /credentials/,
    ],
    [
      'a wrong token',
      () => ({ brokers: secure().saslPlaintext, sasl: { mechanism: 'oauthbearer', token: 'wrong3' } }),
      'login',
      /credentials/,
    ],
    ['no login where one is wanted', () => ({ brokers: secure().saslPlaintext }), 'metadata', /login/],
    ['a login where none is taken', () => ({ brokers: kafka().brokers.join(), ...scram('plain') }), 'login', /SASL/],
  ]

  test.each(wrong)('the ladder ends at %s, and says what to do', async (_, options, name, mend) => {
    const connection = await open(options())
    const ladder = await rungs(connection, { from: { topic: 't', group: 'g' } })
    told(ladder)
    const last = ladder.at(-1)
    expect(last).toMatchObject({ name, ok: false })
    expect(last?.mend).toMatch(mend)
    expect(ladder.slice(0, -1).every(({ ok }) => ok)).toBe(true)
  })

  test('the ladder ends at a topic that does not exist, or that the user may not see', async () => {
    const connection = await open({ brokers: kafka().brokers.join() })
    const unknown = await rungs(connection, { from: { topic: 'no-such-topic', group: 'g' } })
    expect(unknown.at(-1)).toMatchObject({ name: 'topic', ok: false, mend: expect.stringContaining('make the topic') })
    const sasl = { mechanism: 'plain', username: 'limited', password: secure().users.limited } as const
    const limited = await open({ brokers: secure().saslPlaintext, sasl })
    const ladder = await rungs(limited, { from: { topic: await kafka().topic(), group: 'g' } })
    told(ladder)
    expect(ladder.at(-1)).toMatchObject({ name: 'topic', ok: false, mend: expect.stringContaining('grant the user') })
  })

  test('one broker of the configuration that is down does not fail the ladder', async () => {
    const connection = await open({ brokers: `127.0.0.1:1,${kafka().brokers.join()}` })
    expect((await rungs(connection)).map(({ name, ok }) => `${name} ${ok}`)).toEqual([
      'TCP true',
      'hello true',
      'metadata true',
    ])
  })

  const asks: readonly [name: string, options: () => Options, wants: string][] = [
    ['wrong credentials', () => ({ brokers: secure().saslPlaintext, ...scram('scram-sha-256', 'wrong4') }), 'mend'],
    ['a wrong host', () => ({ brokers: 'no-such-host.invalid:1' }), 'mend'],
    ['an unknown authority', () => ({ brokers: secure().ssl, tls: { verify: true } }), 'mend'],
    ['a broker that is down', () => ({ brokers: '127.0.0.1:1' }), 'repeat'],
  ]

  test.each(asks)('%s fails a batch and a reading in the way that fits', async (_, options, wants) => {
    const connection = await open(options())
    const sink = connection.egress!({ topic: template('t') }, {}, use)
    const failure = await sendAll(sink, [{ payload: 'p4yload' }], { attempts: 1 }).catch(error => error)
    if (wants === 'mend') expect(isBridgeFailure(failure) && failure.wants).toBe('mend')
    else expect(String(failure)).toMatch(/not sent after 1 attempts: repeat: /)
    seen.push(String(failure), String(Object(failure).cause))
    const source = connection.ingress!({ topic: 't', group: 'g' }, use)
    const ended = source
      .read(new AbortController().signal, () => {})
      [Symbol.asyncIterator]()
      .next()
    await expect(ended).rejects.toMatchObject({ wants })
    await Promise.all([sink.close(), source.close()])
  })

  test('no secret was told or logged', () => {
    const { users, oauthTokens } = secure()
    const texts = [...seen, ...logged].join('\n')
    for (const secret of [
      ...Object.values(users),
      ...Object.values(oauthTokens),
      's3cret',
      'wrong1',
      'wrong2',
      'wrong3',
    ]) {
      expect(texts).not.toContain(secret)
    }
    for (const secret of ['wrong4', 'p4yload']) expect(texts).not.toContain(secret)
  })
})
