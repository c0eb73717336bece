import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import kafkajs from 'kafkajs'
import { describe, expect, test } from 'vitest'
import type { KafkaDelivery, KafkaOptions, KafkaTo } from '../../../bridges/kafka/index.ts'
import { compressions, hasZstd } from '../../../bridges/kafka/wire/compression.ts'
import { describeKafka } from '../../support/services/kafka.ts'
import { document, logged, openKafka, sendAll, template } from './support/plugin.ts'
import { readTopic } from './support/reader.ts'

const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } = kafkajs
const mayDescribe = {
  ...{
    resourceType: AclResourceTypes.TOPIC,
    resourcePatternType: ResourcePatternTypes.LITERAL,
    principal: 'User:limited',
  },
  ...{ host: '*', operation: AclOperationTypes.DESCRIBE, permissionType: AclPermissionTypes.ALLOW },
}

describeKafka('egress to a real Kafka', { secure: true }, kafka => {
  const use = { bridge: 'test' }
  const to = (topic: string, more: Partial<KafkaTo> = {}): KafkaTo => ({ topic: template(topic), ...more })

  async function sink(target: KafkaTo, delivery: KafkaDelivery = {}, options: Partial<KafkaOptions> = {}) {
    const connection = await openKafka({ brokers: kafka().brokers, ...options })
    const opened = connection.egress?.(target, delivery, use)
    if (opened === undefined) throw new Error('no egress')
    return Object.assign(opened, { [Symbol.asyncDispose]: () => opened.close() })
  }

  test('key, value, headers in their order and time arrive as they are', async () => {
    const topic = await kafka().topic()
    await using writer = await sink(
      to(topic, {
        key: template('${clientid}'),
        headers: { from: template('${topic}'), none: template('${props.user.absent?}') },
        forwardHeaders: true,
      }),
    )
    const headers = [
      ['a', '1'],
      ['a', '2'],
    ] as const
    await sendAll(writer, [{ topic: 'x/y', payload: 'hello', clientid: 'c1', headers, timestamp: 1_700_000_000_123 }])
    const [record] = await readTopic(kafka(), topic)
    expect(record).toMatchObject({ key: 'c1', value: 'hello', timestamp: 1_700_000_000_123 })
    const names = Object.entries(record!.headers).map(([name, value]) => [name, String(value)])
    expect(names).toEqual([
      ['a', '1,2'],
      ['from', 'x/y'],
      ['robustmq-via', 'n1/test'],
    ])
  })

  test('an empty value and a tombstone stay apart', async () => {
    const topic = await kafka().topic()
    await using empty = await sink(to(topic, { key: template('k') }))
    await using tombstones = await sink(to(topic, { key: template('k'), tombstones: true }))
    await sendAll(empty, [{ payload: '' }])
    await sendAll(tombstones, [{ payload: '' }])
    const values = (await readTopic(kafka(), topic)).map(({ value }) => value)
    expect(values).toEqual(['', undefined])
  })

  test('a map becomes JSON', async () => {
    const topic = await kafka().topic()
    const value = document({ at: '${topic}', temp: '${payload.temp}' })
    await using writer = await sink(to(topic, { value }))
    await sendAll(writer, [{ payload: '{"temp":21.5}' }])
    expect((await readTopic(kafka(), topic))[0]?.value).toBe('{"at":"a/b","temp":21.5}')
  })

  test("Java's consumer reads every compression", async () => {
    const usable = compressions.filter(one => one !== 'zstd' || hasZstd)
    const prefix = `compressed-${Date.now()}`
    const payloads: string[] = []
    for (const compression of usable) {
      const topic = await kafka().topic(1, {}, prefix)
      await using writer = await sink(to(topic), { compression })
      const given = Array.from({ length: 200 }, (_, index) => ({
        payload: `${compression} ${index} ${'x'.repeat(99)}`,
      }))
      await sendAll(writer, given)
      payloads.push(...given.map(({ payload }) => payload))
      expect(await codecOnDisk(topic)).toBe(compression)
    }
    const count = ['--max-messages', String(payloads.length)]
    const read = await kafka().tool('console-consumer', ['--include', `${prefix}.*`, '--from-beginning', ...count])
    expect(new Set(read.split('\n').filter(line => line.endsWith('x')))).toEqual(new Set(payloads))
  }, 60_000)

  /** From the attributes of the first batch in the broker's own file. */
  async function codecOnDisk(topic: string): Promise<string | undefined> {
    const { log } = (await kafka().status()).nodes[0]!
    const file = join(dirname(log), 'data', `${topic}-0`, '00000000000000000000.log')
    return compressions[(await readFile(file)).readInt16BE(21) & 7]
  }

  test('a key goes to the partition that Java chooses for it', async () => {
    const [ours, java] = [await kafka().topic(7), await kafka().topic(7)]
    const keys = Array.from({ length: 300 }, (_, index) => `key-${'ü'.repeat(index % 5)}${index}`)
    await using writer = await sink(to(ours, { key: template('${clientid}') }))
    await sendAll(
      writer,
      keys.map(clientid => ({ clientid, payload: clientid })),
    )
    const properties = ['--property', 'parse.key=true', '--property', 'key.separator=|']
    await kafka().tool(
      'console-producer',
      ['--topic', java, ...properties],
      keys.map(key => `${key}|${key}\n`).join(''),
    )
    const places = async (topic: string) => {
      const records = await readTopic(kafka(), topic)
      return new Map(records.map(({ value, partition }) => [value, partition] as const))
    }
    expect(await places(ours)).toEqual(await places(java))
  }, 60_000)

  test('round robin gives every partition its turn, and a template names one', async () => {
    const topic = await kafka().topic(3)
    await using turns = await sink(to(topic, { key: template('same') }), { partition: template('round-robin') })
    await sendAll(
      turns,
      Array.from({ length: 9 }, () => ({ payload: 'turn' })),
    )
    await using named = await sink(to(topic), { partition: template('${payload.p}') })
    const { rejected } = await sendAll(named, [{ payload: '{"p":2}' }, { payload: '{"p":3}' }, { payload: '{"p":-1}' }])
    const records = await readTopic(kafka(), topic)
    expect([0, 1, 2].map(partition => records.filter(one => one.partition === partition).length)).toEqual([3, 3, 4])
    expect([...rejected].map(([index, { code }]) => [index, code])).toEqual([
      [2, 'PARTITION_INVALID'],
      [1, 'PARTITION_INVALID'],
    ])
  })

  test('many batches of many keys arrive once and in order', async () => {
    const topic = await kafka().topic(5)
    await using writer = await sink(to(topic, { key: template('${clientid}') }), { compression: 'gzip' })
    const given = Array.from({ length: 20_000 }, (_, index) => ({ clientid: `c${index % 50}`, payload: String(index) }))
    await sendAll(writer, given, { batch: 3_000 })
    const records = await readTopic(kafka(), topic)
    expect(records).toHaveLength(given.length)
    const last = new Map<string, number>()
    for (const { key, value } of records) {
      expect(Number(value)).toBeGreaterThan(last.get(key!) ?? -1)
      last.set(key!, Number(value))
    }
  })

  describe('what can never be taken is rejected, and the rest goes on', () => {
    test('a message that is too large for its topic', async () => {
      const topic = await kafka().topic(1, { 'max.message.bytes': 2_000 })
      await using writer = await sink(to(topic))
      const given = Array.from({ length: 100 }, (_, index) => ({
        payload: index === 50 ? 'x'.repeat(5_000) : `v${index}`,
      }))
      const { rejected } = await sendAll(writer, given)
      expect([...rejected].map(([index, { code }]) => [index, code])).toEqual([[50, 'MESSAGE_TOO_LARGE']])
      const values = (await readTopic(kafka(), topic)).map(({ value }) => value)
      expect(values).toEqual(given.filter((_, index) => index !== 50).map(({ payload }) => payload))
    })

    test('an unknown topic, a name that is none, a path that leads nowhere', async () => {
      const topic = await kafka().topic()
      await using writer = await sink(to('${payload.to}'))
      const given = [{ to: 'no-such-topic' }, { to: topic }, { to: 'not a name' }, {}, { to: topic }]
      const { rejected } = await sendAll(
        writer,
        given.map(one => ({ payload: JSON.stringify(one) })),
      )
      const codes = [...rejected].sort(([a], [b]) => a - b).map(([index, { code }]) => [index, code])
      expect(codes).toEqual([
        [0, 'UNKNOWN_TOPIC_OR_PARTITION'],
        [2, 'TOPIC_INVALID'],
        [3, 'PATH_MISSING'],
      ])
      expect(await readTopic(kafka(), topic)).toHaveLength(2)
    })

    test('a topic that the user may not write to', async () => {
      const topic = await kafka().topic()
      const { limited } = kafka().secure.users
      const sasl = { mechanism: 'scram-sha-256', username: 'limited', password: limited } as const
      await using writer = await sink(to(topic), {}, { brokers: kafka().secure.saslPlaintext.split(','), sasl })
      const { rejected } = await sendAll(writer, [{ payload: 'x' }])
      expect([...rejected.values()].map(({ code }) => code)).toEqual(['TOPIC_AUTHORIZATION_FAILED'])
      // Seen, and not to be written to: now it is the broker that leads it who refuses.
      await kafka().admin(admin => admin.createAcls({ acl: [{ ...mayDescribe, resourceName: topic }] }))
      const again = await sendAll(writer, [{ payload: 'x' }])
      expect([...again.rejected.values()].map(({ code }) => code)).toEqual(['TOPIC_AUTHORIZATION_FAILED'])
    })

    test('a record without a key in a compacted topic', async () => {
      const topic = await kafka().topic(1, { 'cleanup.policy': 'compact' })
      await using writer = await sink(to(topic, { key: template('${payload.k?}') }))
      const { rejected } = await sendAll(writer, [
        { payload: '{"k":"a"}' },
        { payload: '{}' },
        { payload: '{"k":"b"}' },
      ])
      expect([...rejected].map(([index, { code }]) => [index, code])).toEqual([[1, 'INVALID_RECORD']])
      expect(await readTopic(kafka(), topic)).toHaveLength(2)
    })
  })

  test('no secret was logged, and no payload', () => {
    const { app, limited } = kafka().secure.users
    for (const secret of [app, limited]) expect(logged.join('\n')).not.toContain(secret)
  })
})
