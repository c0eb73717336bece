import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { KafkaFrom } from '../../../bridges/kafka/index.ts'
import { hasZstd } from '../../../bridges/kafka/wire/compression.ts'
import type { BridgeSource } from '../../../kernel/plugin.ts'
import { describeKafka } from '../../support/services/kafka.ts'
import { openKafka, readUntil } from './support/plugin.ts'

describeKafka('ingress from a real Kafka', {}, kafka => {
  let groups = 0
  const group = () => `g${++groups}`

  async function source(from: KafkaFrom) {
    const connection = await openKafka({ brokers: kafka().brokers })
    const opened = connection.ingress?.({ sessionTimeout: 2_000, rebalanceTimeout: 5_000, ...from }, { bridge: 'test' })
    if (opened === undefined) throw new Error('no ingress')
    return Object.assign(opened, { [Symbol.asyncDispose]: () => opened.close() })
  }

  async function write(topic: string, messages: readonly { key?: string; value: string | null; partition?: number }[]) {
    const producer = kafka().client().producer()
    await producer.connect()
    await producer.send({ topic, messages: messages.map(one => ({ key: null, ...one })) })
    await producer.disconnect()
  }

  const numbers = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, index) => ({ key: `k${(from + index) % 7}`, value: String(from + index) }))
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString()
  const read = (from: BridgeSource, count: number) => readUntil(from, records => records.length >= count)

  test('key, value, headers, time and place of a record', async () => {
    const topic = await kafka().topic()
    const producer = kafka().client().producer()
    await producer.connect()
    const headers = { a: ['1', '2'], b: 'ü' }
    await producer.send({ topic, messages: [{ key: 'k', value: 'v', headers, timestamp: '1700000000123' }] })
    await producer.disconnect()
    await using from = await source({ topic, group: group(), from: 'earliest' })
    const [record] = await read(from, 1)
    expect({ ...record, key: text(record!.key as Uint8Array), value: text(record!.value) }).toEqual({
      ...{ topic, key: 'k', value: 'v', timestamp: 1_700_000_000_123, id: `${topic}/0/0` },
      headers: [
        ['a', '1'],
        ['a', '2'],
        ['b', 'ü'],
      ],
    })
  })

  test('a tombstone has a key and no bytes', async () => {
    const topic = await kafka().topic()
    await write(topic, [{ key: 'gone', value: null }])
    await using from = await source({ topic, group: group(), from: 'earliest' })
    const [record] = await read(from, 1)
    expect([text(record!.key as Uint8Array), record!.value.length]).toEqual(['gone', 0])
  })

  test('every partition in its order, and after a restart what follows', async () => {
    const topic = await kafka().topic(4)
    const place = { topic, group: group(), from: 'earliest' } as const
    await write(topic, numbers(0, 1_000))
    const first = await source(place)
    const before = await read(first, 1_000)
    await first.close()
    await write(topic, numbers(1_000, 1_500))
    await using second = await source(place)
    const after = await read(second, 500)
    expect(after.map(({ value }) => Number(text(value))).sort((a, b) => a - b)).toEqual(
      numbers(1_000, 1_500).map(({ value }) => Number(value)),
    )
    const last = new Map<string, number>()
    for (const { id, value } of [...before, ...after]) {
      const partition = id.split('/')[1]!
      expect(Number(text(value))).toBeGreaterThan(last.get(partition) ?? -1)
      last.set(partition, Number(text(value)))
    }
  })

  test('what was not stored comes again, and only that', async () => {
    const topic = await kafka().topic()
    const place = { topic, group: group(), from: 'earliest' } as const
    await write(topic, numbers(0, 2_500))
    const first = await source(place)
    const stop = new AbortController()
    let stored = 0
    for await (const batch of first.read(stop.signal, () => {})) {
      if (stored === 1_000) break
      stored += batch.records.length
      await batch.stored()
    }
    await first.close()
    await using second = await source(place)
    expect((await read(second, 1_500)).map(({ value }) => text(value))).toEqual(
      numbers(1_000, 2_500).map(({ value }) => value),
    )
  })

  test('a new group begins at the end when it is told to, and that stays so after a restart without a message', async () => {
    const topic = await kafka().topic()
    const place = { topic, group: group(), from: 'latest' } as const
    await write(topic, numbers(0, 10))
    const first = await source(place)
    const stop = new AbortController()
    const reading = first.read(stop.signal, () => setImmediate(() => stop.abort()))[Symbol.asyncIterator]()
    expect(await reading.next()).toMatchObject({ done: true })
    await first.close()
    await write(topic, numbers(10, 20))
    await using second = await source(place)
    expect((await read(second, 10)).map(({ value }) => text(value))).toEqual(numbers(10, 20).map(({ value }) => value))
  })

  test('a group that is divided anew loses nothing and keeps the order of each partition', async () => {
    const topic = await kafka().topic(6)
    const place = { topic, group: group(), from: 'earliest' } as const
    const records: { partition: string; value: number; by: string }[] = []
    const all = () => new Set(records.map(({ value }) => value)).size >= 3_000
    const collect = async (by: string, from: BridgeSource, stop: AbortController) => {
      for await (const batch of from.read(stop.signal, () => {})) {
        for (const { id, value } of batch.records) {
          records.push({ partition: id.split('/')[1]!, value: Number(text(value)), by })
        }
        await batch.stored()
        if (all()) for (const one of stops) one.abort()
      }
    }
    const stops = [new AbortController(), new AbortController()]
    await using first = await source(place)
    await using second = await source(place)
    await write(topic, numbers(0, 1_000))
    const reading = [collect('first', first, stops[0]!)]
    while (records.length < 1_000) await delay(20)
    reading.push(collect('second', second, stops[1]!))
    for (let at = 1_000; at < 3_000; at += 100) {
      await write(topic, numbers(at, at + 100))
      await delay(50)
    }
    await Promise.all(reading)
    expect(new Set(records.map(({ by }) => by))).toEqual(new Set(['first', 'second']))
    for (const partition of new Set(records.map(one => one.partition))) {
      const values = records.filter(one => one.partition === partition).map(({ value }) => value)
      const fresh = values.filter((value, index) => values.indexOf(value) === index)
      expect(fresh).toEqual([...fresh].sort((a, b) => a - b))
    }
  }, 60_000)

  test.each(['gzip', 'snappy', 'lz4', 'zstd'])(
    'what Java writes with %s is read, or refused out loud',
    async codec => {
      const topic = await kafka().topic()
      const lines = Array.from({ length: 1_000 }, (_, index) => `line ${index} ${'y'.repeat(index % 100)}`)
      const how = ['--topic', topic, '--compression-codec', codec, '--batch-size', '100']
      await kafka().tool('console-producer', how, `${lines.join('\n')}\n`)
      await using from = await source({ topic, group: group(), from: 'earliest' })
      if (codec === 'zstd' && !hasZstd) {
        const refused = {
          wants: 'mend',
          message: expect.stringMatching(/partition 0 of .* from 0: Node .* has no zstd/),
        }
        await expect(read(from, 1)).rejects.toMatchObject(refused)
      } else {
        expect((await read(from, lines.length)).map(({ value }) => text(value))).toEqual(lines)
      }
    },
    60_000,
  )

  test('what a transaction wrote is read when it is committed, and not when it is aborted', async () => {
    const topic = await kafka().topic()
    const producer = kafka().client().producer({ idempotent: true, transactionalId: group(), maxInFlightRequests: 1 })
    await producer.connect()
    for (const [value, end] of [
      ['kept', 'commit'],
      ['dropped', 'abort'],
      ['kept too', 'commit'],
    ] as const) {
      const transaction = await producer.transaction()
      await transaction.send({ topic, messages: [{ value }] })
      await transaction[end]()
    }
    await producer.disconnect()
    await using from = await source({ topic, group: group(), from: 'earliest' })
    expect((await read(from, 2)).map(({ value }) => text(value))).toEqual(['kept', 'kept too'])
  })

  test('a source that nobody asks for more stays in its group', async () => {
    const topic = await kafka().topic()
    const place = { topic, group: group(), from: 'earliest', sessionTimeout: 1_500 } as const
    await write(topic, numbers(0, 2_000))
    await using from = await source(place)
    const stop = new AbortController()
    const values: string[] = []
    for await (const batch of from.read(stop.signal, () => {})) {
      values.push(...batch.records.map(({ value }) => text(value)))
      // Longer than the session.
      if (values.length === 1_000) await delay(3_000)
      await batch.stored()
      if (values.length >= 2_000) stop.abort()
    }
    expect(values).toEqual(numbers(0, 2_000).map(({ value }) => value))
  })
})
