import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { Kernel } from '../../../kernel/index.ts'
import { version } from '../../../kernel/version.ts'
import { readAll, sumOf } from '../stream/readings.ts'
import { emqxNames } from './emqx-names.ts'
import { exportedName, numbers } from './numbers.ts'

/** What is told of a process that has done nothing yet. */
export interface ProcessNumber {
  readonly name: string
  readonly type: string
  readonly help: string
}

/** Those of any Node process, and two of ours: their names and meanings. */
export async function processNumbers(): Promise<ProcessNumber[]> {
  const registry = processRegistry('node', () => 0)
  const described = await registry.getMetricsAsJSON()
  registry.clear()
  return described.map(({ name, type, help }) => ({ name, type: String(type), help }))
}

/** The numbers of the broker in the text format of Prometheus. Labels come from closed sets, never from clients or topics. */
export class Metrics {
  readonly #kernel: Kernel
  readonly #process: Registry

  constructor(kernel: Kernel, node: string) {
    this.#kernel = kernel
    this.#process = processRegistry(node, () => kernel.alarms.list().length)
  }

  get contentType(): string {
    return this.#process.contentType
  }

  async text(): Promise<string> {
    return `${await brokerNumbers(this.#kernel).metrics()}\n${await this.#process.metrics()}`
  }

  /** The names of the boards that people bring along. */
  async emqxText(): Promise<string> {
    const totals = readAll(this.#kernel.counters)
    const registry = new Registry()
    for (const { name, type, of } of emqxNames) {
      const options = { name, help: `As ${of.join(' + ')} of RobustMQ.`, registers: [registry] }
      if (type === 'counter') new Counter(options).inc(sumOf(totals, of))
      else new Gauge(options).set(sumOf(totals, of))
    }
    return `${await registry.metrics()}\n${await this.#process.metrics()}`
  }

  close(): void {
    this.#process.clear()
  }
}

function processRegistry(node: string, alarms: () => number): Registry {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  new Gauge({
    name: 'robustmq_info',
    help: 'What runs here; always 1.',
    labelNames: ['version', 'node'],
    registers: [registry],
  }).set({ version, node }, 1)
  new Gauge({
    name: 'robustmq_alarms',
    help: 'Alarms that last.',
    registers: [registry],
    collect() {
      this.set(alarms())
    },
  })
  return registry
}

function brokerNumbers({ counters }: Kernel): Registry {
  const registry = new Registry()
  const known = new Map<string, Counter | Gauge>()
  for (const one of counters.all()) {
    const name = exportedName(one.name, one.type)
    let metric = known.get(name)
    if (!metric) {
      const { help, labels } = numbers[one.name] ?? {
        help: 'A number of a plugin.',
        labels: labelsOf(counters, one.name),
      }
      const options = { name, help, labelNames: [...labels], registers: [registry] }
      metric = one.type === 'counter' ? new Counter(options) : new Gauge(options)
      known.set(name, metric)
    }
    metric.inc({ ...one.labels }, one.value)
  }
  return registry
}

/** All labels that a name has anywhere: they must be told before the first value is. */
function labelsOf(counters: Kernel['counters'], name: string): readonly string[] {
  const labels = new Set<string>()
  for (const one of counters.all())
    if (one.name === name) for (const label of Object.keys(one.labels)) labels.add(label)
  return [...labels]
}
