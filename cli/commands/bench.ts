import type { Command } from 'commander'
import { type BenchKind, type BenchPlan, type BenchTarget, benchLimits } from '../bench/plan.ts'
import { CommandFailure, exitCodes } from '../exit-codes.ts'
import type { BrokerFlags } from '../mqtt/flags.ts'
import { type Session, sessionOf } from '../session.ts'
import { brokerOptions } from './broker-options.ts'
import { wholeNumber } from './list-command.ts'

const kinds: readonly (readonly [kind: BenchKind, clients: number, describe: string])[] = [
  ['conn', 1_000, 'connect clients, and hold them'],
  ['pub', 50, 'publish to nobody: how fast messages are taken, and acknowledged with QoS 1 and 2'],
  ['sub', 50, 'subscribe to --topic, and count what others publish'],
  ['pair', 50, 'publishers with a subscriber of its own for each'],
  ['fan-out', 1_000, 'one publisher, many subscribers'],
]

/** How fast the broker is, measured as clients see it. */
export function addBench(program: Command): void {
  const bench = program.command('bench').description('measure the broker as its clients see it')
  for (const [kind, clients, describe] of kinds) {
    brokerOptions(bench.command(kind), { qos: '1' })
      .description(describe)
      .option('--clients <n>', 'connections, publishers, subscribers, or pairs', bounded('clients'), clients)
      .option('--time <seconds>', 'how long it is measured', bounded('seconds'), 10)
      .option('--warm-up <seconds>', 'before that, on the same connections', bounded('seconds'), 1)
      .option('--payload-bytes <n>', 'bytes of each payload; 16 at least', bounded('payloadBytes'), 64)
      .option('--window <n>', 'messages of a publisher under way at most', bounded('window'), 20)
      .option('--rate <n>', 'messages a second of all publishers; none: flat out', bounded('rate'))
      .option('--concurrency <n>', 'connects under way at a time', bounded('concurrency'), 64)
      .option('--topic <filter>', 'of sub: what to subscribe to', '#')
      .option('--compare <file>', 'a report of earlier, made with -o json: how figures changed')
      .action(async (flags: BenchFlags, command: Command) => run(kind, flags, sessionOf(command)))
  }
}

interface BenchFlags extends BrokerFlags {
  readonly clients: number
  readonly time: number
  readonly warmUp: number
  readonly payloadBytes: number
  readonly window: number
  readonly rate?: number
  readonly concurrency: number
  readonly topic: string
  readonly compare?: string
}

async function run(kind: BenchKind, flags: BenchFlags, session: Session): Promise<void> {
  const { runBench } = await import('../bench/run-bench.ts')
  const { readReport, reportOf, showReport } = await import('../bench/report.ts')
  const { progressBar } = await import('../bench/progress-bar.ts')
  const before = flags.compare === undefined ? undefined : readReport(flags.compare)
  const { broker, target } = await targetOf(flags, session)
  const plan = planOf(kind, flags, target)
  const bar = progressBar(process.stderr)
  try {
    const report = await reportOf(plan, { broker, api: session.api, run: () => runBench(plan, bar.show) })
    bar.clear()
    showReport(report, before, session.printer)
  } catch (error) {
    bar.clear()
    if (error instanceof CommandFailure) throw error
    throw new CommandFailure(`${broker}: ${(error as Error).message}`, { next: 'robust-ctl doctor' })
  }
}

function planOf(kind: BenchKind, flags: BenchFlags, target: BenchTarget): BenchPlan {
  if (flags.mqttVersion === '3.1')
    throw new CommandFailure('bench speaks MQTT 3.1.1 and 5', { exitCode: exitCodes.usage })
  if (flags.clients === 0 || flags.time === 0)
    throw new CommandFailure('expected at least one client and one second', { exitCode: exitCodes.usage })
  return {
    kind,
    target,
    version: flags.mqttVersion === '5' ? 5 : 4,
    qos: Number(flags.qos) as 0 | 1 | 2,
    clients: flags.clients,
    payloadBytes: flags.payloadBytes,
    window: Math.max(1, flags.window),
    rate: flags.rate === 0 ? undefined : flags.rate,
    seconds: flags.time,
    warmUpSeconds: flags.warmUp,
    concurrency: Math.max(1, flags.concurrency),
    topic: flags.topic,
  }
}

async function targetOf(flags: BenchFlags, session: Session): Promise<{ broker: string; target: BenchTarget }> {
  const { foundBroker, readPem } = await import('../mqtt/broker-url.ts')
  const broker = flags.broker ?? (await foundBroker(session))
  const url = URL.canParse(broker) ? new URL(broker) : undefined
  const transport = url && transports[url.protocol]
  if (!url || !transport)
    throw new CommandFailure(`bench speaks mqtt://, mqtts:// and ws://, not "${broker}"`, { exitCode: exitCodes.usage })
  const { ca, cert, key, insecure, username: user } = flags
  const secure = {
    ...(ca !== undefined && { ca: [readPem(ca)] }),
    ...(cert !== undefined && { cert: readPem(cert) }),
    ...(key !== undefined && { key: readPem(key) }),
    rejectUnauthorized: insecure !== true,
    servername: url.hostname,
  }
  const { name, port: standard } = transport
  const port = url.port === '' ? standard : Number(url.port)
  const tls = name === 'tls' ? secure : undefined
  const password = process.env.ROBUSTMQ_PASSWORD
  return { broker, target: { host: url.hostname, port, transport: name, tls, user, password } }
}

const transports: Readonly<Record<string, { name: BenchTarget['transport']; port: number }>> = {
  'mqtt:': { name: 'tcp', port: 1883 },
  'mqtts:': { name: 'tls', port: 8883 },
  'ws:': { name: 'ws', port: 8083 },
}

function bounded(name: keyof typeof benchLimits): (text: string) => number {
  return text => {
    const value = wholeNumber(text)
    if (value <= benchLimits[name]) return value
    throw new CommandFailure(`${value} is more than the ${benchLimits[name]} that bench takes`, {
      exitCode: exitCodes.usage,
    })
  }
}
