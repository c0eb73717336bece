import { pulsar } from '../../../../bridges/pulsar/index.ts'
import type { PulsarDelivery, PulsarFrom, PulsarOptions, PulsarTo } from '../../../../bridges/pulsar/options.ts'
import type {
  BridgeConnection,
  BridgeSink,
  BridgeSource,
  Counters,
  Scope,
  SourceRecord,
} from '../../../../kernel/plugin.ts'
import { resolveOptions } from '../../../../kernel/plugins/plugin-options.ts'
import { realClock, silent } from './client-host.ts'

type Given = Readonly<Record<string, unknown>>

/** A connection of the plugin, with options as they are written in a configuration. */
export async function openPulsar(options: Given, { logger = silent, clock = realClock } = {}): Promise<PulsarAtHand> {
  const host = { node: 'node-1', version: 'test', clock, logger, counters: new TestCounters() }
  const resolved = resolveOptions('pulsar', pulsar.options, options) as PulsarOptions
  return new PulsarAtHand(await pulsar.open(host, resolved), host.counters)
}

export class PulsarAtHand implements AsyncDisposable {
  readonly connection: BridgeConnection<PulsarTo, PulsarFrom, PulsarDelivery>
  readonly counters: TestCounters

  constructor(connection: BridgeConnection<PulsarTo, PulsarFrom, PulsarDelivery>, counters: TestCounters) {
    this.connection = connection
    this.counters = counters
  }

  egress(to: Given, delivery: Given = {}): BridgeSink {
    return this.connection.egress!(
      resolveOptions('pulsar', pulsar.to!, to) as PulsarTo,
      resolveOptions('pulsar', pulsar.delivery!, delivery) as PulsarDelivery,
      { bridge: 'test' },
    )
  }

  ingress(from: Given): BridgeSource {
    return this.connection.ingress!(resolveOptions('pulsar', pulsar.from!, from) as PulsarFrom, { bridge: 'test' })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.connection.close()
  }
}

/** Numbers by name. */
export class TestCounters implements Counters {
  readonly values = new Map<string, { value: number }>()

  counter(name: string): { value: number } {
    const counter = this.values.get(name) ?? { value: 0 }
    this.values.set(name, counter)
    return counter
  }

  gauge(): void {}

  all(): [] {
    return []
  }
}

/** A message of ours, as a template sees it. */
export function scopeOf(fields: Partial<Scope>): Scope {
  return {
    topic: 'a/b',
    payload: Buffer.from(''),
    headers: [],
    key: undefined,
    clientid: 'client-1',
    username: undefined,
    qos: 1,
    retain: false,
    timestamp: 1_700_000_000_000,
    id: '1',
    node: 'node-1',
    contentType: undefined,
    correlationId: undefined,
    replyTo: undefined,
    expiresAt: undefined,
    via: 'node-1/test',
    json: () => JSON.parse(Buffer.from(fields.payload ?? '').toString()),
    ...fields,
  }
}

/** Reads until there are `count` records, telling that all of them are stored. */
export async function readRecords(source: BridgeSource, count: number): Promise<SourceRecord[]> {
  const end = new AbortController()
  const records: SourceRecord[] = []
  for await (const batch of source.read(end.signal, () => {})) {
    records.push(...batch.records)
    await batch.stored()
    if (records.length >= count) end.abort()
  }
  return records
}
