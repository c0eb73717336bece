import { setTimeout as delay } from 'node:timers/promises'
import type { KafkaDelivery, KafkaFrom, KafkaOptions, KafkaTo } from '../../../../bridges/kafka/index.ts'
import { kafka } from '../../../../bridges/kafka/index.ts'
import { compile } from '../../../../kernel/bridging/language/index.ts'
import { CounterSet } from '../../../../kernel/observe/counters.ts'
import type {
  BridgeConnection,
  BridgeSink,
  BridgeSource,
  DocumentTemplate,
  Rejected,
  Rung,
  Scope,
  SourceRecord,
  Template,
} from '../../../../kernel/plugin.ts'
import { isBridgeFailure, isRejected } from '../../../../kernel/plugin.ts'
import { systemClock } from '../../../../kernel/system-clock.ts'

/** Everything that was logged, as one text. */
export const logged: string[] = []
const log = (fields: object, message: string) => void logged.push(`${message} ${JSON.stringify(fields)}`)

export type Connection = BridgeConnection<KafkaTo, KafkaFrom, KafkaDelivery>

export function openKafka(options: KafkaOptions): Promise<Connection> {
  const logger = { debug: log, info: log, warn: log, error: log }
  return kafka.open({ node: 'n1', version: 'test', clock: systemClock, logger, counters: new CounterSet() }, options)
}

export const template = (source: string): Template => compile('template', source) as Template
export const document = (source: unknown): DocumentTemplate => compile('document', source) as DocumentTemplate

export interface Given {
  readonly topic?: string
  readonly payload?: string | Uint8Array
  readonly clientid?: string
  readonly headers?: readonly (readonly [string, string])[]
  readonly timestamp?: number
}

export function scope({ topic = 'a/b', payload = '', clientid, headers = [], timestamp = Date.now() }: Given): Scope {
  const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload
  return {
    ...{ topic, payload: bytes, headers, key: undefined, clientid, username: undefined, qos: 1, retain: false },
    ...{ timestamp, id: '1', node: 'n1', contentType: undefined, correlationId: undefined, replyTo: undefined },
    ...{ expiresAt: undefined, via: 'n1/test' },
    json: () => JSON.parse(Buffer.from(bytes).toString()),
  }
}

export interface Sent {
  readonly rejected: ReadonlyMap<number, Rejected>
  /** Calls of `send`. */
  readonly attempts: number
  /** Why they failed. */
  readonly failures: readonly string[]
}

/** What the kernel does with a sink: batches, and what was neither taken nor rejected first again, until all is done. */
export async function sendAll(
  sink: BridgeSink,
  given: readonly Given[],
  { batch = 1_000, attempts: most = 200, signal = new AbortController().signal } = {},
): Promise<Sent> {
  const rejected = new Map<number, Rejected>()
  const failures: string[] = []
  let attempts = 0
  let waiting: { index: number; item: unknown }[] = []
  let next = 0
  while (waiting.length > 0 || next < given.length) {
    while (waiting.length < batch && next < given.length) {
      const item = sink.prepare(scope(given[next]!))
      if (isRejected(item)) rejected.set(next, item)
      else waiting.push({ index: next, item })
      next++
    }
    if (waiting.length === 0) break
    if (++attempts > most) throw new Error(`not sent after ${most} attempts: ${failures.at(-1)}`)
    try {
      await sink.send(
        waiting.map(({ item }) => item),
        signal,
      )
      waiting = []
    } catch (error) {
      if (!isBridgeFailure(error)) throw error
      const done = new Set(error.taken)
      for (const { index, why } of error.rejections) {
        done.add(index)
        rejected.set(waiting[index]!.index, why)
      }
      waiting = waiting.filter((_, index) => !done.has(index))
      if (waiting.length === 0) continue
      failures.push(`${error.wants}: ${error.message}`)
      if (error.wants === 'mend') throw error
      await delay(100)
    }
  }
  return { rejected, attempts, failures }
}

/** Reads until `enough`; batches are stored at once. As the kernel does, it reads again after what passes by itself. */
export async function readUntil(
  source: BridgeSource,
  enough: (records: readonly SourceRecord[]) => boolean,
): Promise<SourceRecord[]> {
  const stop = new AbortController()
  const records: SourceRecord[] = []
  for (let attempt = 1; !stop.signal.aborted; attempt++) {
    try {
      for await (const batch of source.read(stop.signal, () => {})) {
        records.push(...batch.records)
        await batch.stored()
        if (enough(records)) stop.abort()
      }
    } catch (error) {
      if (!isBridgeFailure(error) || error.wants === 'mend' || attempt === 100) throw error
      await delay(100)
    }
  }
  return records
}

export async function rungs(connection: Connection, target: { to?: KafkaTo; from?: KafkaFrom } = {}): Promise<Rung[]> {
  const found: Rung[] = []
  for await (const rung of connection.test(target, AbortSignal.timeout(20_000))) found.push(rung)
  return found
}
