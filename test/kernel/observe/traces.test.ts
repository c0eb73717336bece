import { describe, expect, test } from 'vitest'
import { EventHub } from '../../../kernel/observe/events.ts'
import { silentLogger } from '../../../kernel/observe/silent-logger.ts'
import { maxTraceBytes, type TraceOptions } from '../../../kernel/observe/trace.ts'
import { maxTraceMs, maxTraces, Traces } from '../../../kernel/observe/traces.ts'
import { Message } from '../../../kernel/plugin.ts'
import { ManualClock } from '../../support/clock.ts'

const subject = { tenant: 'default', clientId: 'meter', address: '10.1.2.3' }

function setUp() {
  const clock = new ManualClock()
  const events = new EventHub(silentLogger)
  const traces = new Traces(clock, events)
  return { clock, events, traces }
}

function message(topic: string, { from, payload = 'x' }: { from?: string; payload?: string } = {}): Message {
  return new Message({ topic, payload: Buffer.from(payload), guarantee: 1, from, publishedAt: 0 })
}

const traced = (options: Partial<TraceOptions> = {}) => ({ name: 't', durationMs: 60_000, ...options })

describe('what is recorded', () => {
  const cases: readonly (readonly [what: string, conditions: Partial<TraceOptions>, recorded: boolean])[] = [
    ['everything, without conditions', {}, true],
    ['what the client does', { clientId: 'meter' }, true],
    ['what became of its messages', { clientId: 'author' }, true],
    ['nothing of others', { clientId: 'other' }, false],
    ['topics that the filter matches', { filter: 'a/+' }, true],
    ['no other topics', { filter: 'b/#' }, false],
    ['an address', { address: '10.1.2.3' }, true],
    ['a block of addresses', { address: '10.0.0.0/8' }, true],
    ['no address beside the block', { address: '192.168.0.0/16' }, false],
    ['a tenant', { tenant: 'default' }, true],
    ['no other tenant', { tenant: 'other' }, false],
    ['only what fits all conditions', { clientId: 'meter', filter: 'b' }, false],
  ]
  test.each(cases)('%s', (_, conditions, recorded) => {
    const { traces } = setUp()
    const trace = traces.start(traced(conditions))
    traces.notice({ event: 'delivered', subject, message: message('a/b', { from: 'author' }) })
    expect(trace.after(0).map(({ event }) => event)).toEqual(recorded ? ['delivered'] : [])
  })

  test('what has no topic, only where no filter is given; what is nobody’s, only where no client and address is', () => {
    const { traces } = setUp()
    const [byFilter, byClient, all] = [
      traces.start(traced({ name: 'filter', filter: '#' })),
      traces.start(traced({ name: 'client', clientId: 'meter' })),
      traces.start(traced({ name: 'all' })),
    ]
    traces.notice({ event: 'connected', subject })
    traces.notice({ event: 'dropped', subject: undefined, message: message('a') })
    expect([byFilter, byClient, all].map(trace => trace.after(0).map(({ event }) => event))).toEqual([
      ['dropped'],
      ['connected'],
      ['connected', 'dropped'],
    ])
  })

  test('of a payload nothing, or a copy of its first bytes', () => {
    const { traces } = setUp()
    const [without, within] = [
      traces.start(traced({ name: 'a' })),
      traces.start(traced({ name: 'b', payloadBytes: 4 })),
    ]
    const lent = Buffer.from('abcdef')
    traces.notice({ event: 'published', subject, message: new Message({ topic: 'a', payload: lent }) })
    lent.fill('-')
    const kept = [without, within].map(trace => trace.after(0)[0])
    expect(kept.map(one => one?.payloadBytes)).toEqual([6, 6])
    expect(kept.map(one => one?.payload && Buffer.from(one.payload).toString())).toEqual([undefined, 'abcd'])
  })

  test('events about clients, with their reason, until the last trace ends', () => {
    const { traces, events } = setUp()
    const trace = traces.start(traced({ clientId: 'meter' }))
    const gone = { clientId: 'meter', tenant: 'default', address: '10.1.2.3', reason: 'keep alive timeout' }
    events.emit('client.disconnected', gone)
    events.emit('alarm.raised', { name: 'memory' })
    traces.stop('t')
    events.emit('client.disconnected', gone)
    expect(trace.after(0)).toMatchObject([{ event: 'disconnected', subject, reason: 'keep alive timeout' }])
  })
})

describe('a publish', () => {
  test('is told before what comes of it, and its acknowledgement after', async () => {
    const { traces } = setUp()
    const trace = traces.start(traced())
    const publish = (work: () => number | Promise<number>) => traces.publish(subject as never, message('a'), work)
    await publish(async () => 2)
    publish(() => {
      traces.notice({ event: 'delivered', subject, message: message('a') })
      return 1
    })
    expect(trace.after(0).map(({ event, detail }) => [event, detail?.reached])).toEqual([
      ['published', undefined],
      ['acknowledged', 2],
      ['published', undefined],
      ['delivered', undefined],
      ['acknowledged', 1],
    ])
  })

  test('that is refused is told with the reason, and refused all the same', async () => {
    const { traces } = setUp()
    const trace = traces.start(traced())
    const publish = (work: () => number | Promise<number>) => traces.publish(subject as never, message('a'), work)
    expect(() =>
      publish(() => {
        throw new Error('no')
      }),
    ).toThrow('no')
    await expect(publish(() => Promise.reject(new Error('later')))).rejects.toThrow('later')
    expect(trace.after(0).flatMap(({ reason }) => reason ?? [])).toEqual(['Error: no', 'Error: later'])
  })
})

describe('every growth has a limit', () => {
  test('a trace ends by itself when its time has passed', () => {
    const { traces, clock } = setUp()
    const trace = traces.start(traced({ durationMs: 1_000 }))
    expect([traces.running, trace.state]).toEqual([1, 'running'])
    clock.advance(1_000)
    expect([traces.running, trace.state, trace.endedAt]).toEqual([0, 'over', clock.now()])
  })

  test('a trace that has its entries, or its bytes, is full and records no more', () => {
    const { traces } = setUp()
    const [few, large] = [
      traces.start(traced({ name: 'few', entries: 2 })),
      traces.start(traced({ name: 'large', payloadBytes: 65_536 })),
    ]
    const payload = 'x'.repeat(65_536)
    for (let i = 0; i < 100; i++) traces.notice({ event: 'published', subject, message: message('a', { payload }) })
    expect([few.state, few.length, large.state]).toEqual(['full', 2, 'full'])
    expect(large.bytes).toBeLessThan(maxTraceBytes + 70_000)
    expect(traces.running).toBe(0)
  })

  test('only so many are kept, and only so long; a name is taken until it is removed', () => {
    const { traces } = setUp()
    for (let i = 0; i < maxTraces; i++) traces.start(traced({ name: `t${i}` }))
    expect(() => traces.start(traced())).toThrow(expect.objectContaining({ code: 'LIMIT_REACHED' }))
    expect(traces.remove('t0')).toBe(true)
    expect(() => traces.start(traced({ name: 't1' }))).toThrow(expect.objectContaining({ code: 'CONFLICT' }))
    const wrong = { durationMs: maxTraceMs + 1 }
    expect(() => traces.start(traced(wrong))).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
    expect(() => traces.start(traced({ filter: 'a#' }))).toThrow(expect.objectContaining({ code: 'FILTER_INVALID' }))
    expect(() => traces.start(traced({ address: 'here' }))).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
    expect([traces.stop('nobody'), traces.remove('nobody')]).toEqual([false, false])
  })
})
