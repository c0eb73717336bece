import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Case } from './cases.ts'
import type { Transport } from './load.ts'
import { isInstalled, outputOf } from './processes.ts'

/** Where a broker is started for one run. */
export interface Place {
  /** Empty, for this run alone. */
  readonly directory: string
  readonly port: number
  readonly transport: Transport
  readonly durable: boolean
  /** Further lines of our configuration, and arguments of our command. */
  readonly settings: readonly string[]
  readonly arguments: readonly string[]
  /** PEM files. */
  readonly certificate: { readonly cert: string; readonly key: string }
}

export interface Broker {
  readonly name: string
  /** Takes part only when it is named. */
  readonly onlyNamed?: boolean
  /** '' where it is not installed. */
  version(): string
  /** What it cannot do of a case; undefined: nothing. */
  lacks(benchCase: Case): string | undefined
  /** The command that starts it, after writing what it needs to read. */
  command(place: Place): string[]
}

const root = fileURLToPath(new URL('../../..', import.meta.url))

const ours: Broker = {
  name: 'ours',
  version: () => outputOf('git', '-C', root, 'describe', '--always', '--dirty') || 'unknown',
  lacks: () => undefined,
  command: place => commandOfOurs(place, { rawHandles: false }),
}

/** Without Node's sockets. */
const oursWithRawHandles: Broker = {
  ...ours,
  name: 'ours-raw',
  onlyNamed: true,
  lacks: ({ load }) => ('transport' in load && load.transport !== 'tcp' ? 'raw handles of this transport' : undefined),
  command: place => commandOfOurs(place, { rawHandles: true }),
}

function commandOfOurs(place: Place, { rawHandles }: { readonly rawHandles: boolean }): string[] {
  const { cert, key } = place.certificate
  const tls = place.transport === 'tls' ? [`tls: { cert: ${cert}, key: ${key} }`] : []
  const listener = `{ transport: ${place.transport}, host: 127.0.0.1, port: ${place.port}, rawHandles: ${rawHandles} }`
  const lines = [
    `listeners: { bench: ${listener} }`,
    `storage: { type: ${place.durable ? 'file' : 'memory'} }`,
    'log: { level: error }',
    ...tls,
    ...place.settings,
  ]
  const program = path.join(root, 'dist/server/main.js')
  const config = write(place, 'ours.yaml', lines)
  return [process.execPath, program, 'start', '--config', config, '--data', place.directory, ...place.arguments]
}

/** What bridges cost messages that none of them wants. */
const oursWithBridges: Broker = {
  ...ours,
  name: 'ours-bridges',
  onlyNamed: true,
  command: place => ours.command({ ...place, settings: [...place.settings, ...bridgesOfNothing] }),
}

const bridgesOfNothing = [
  'connections: { far: { type: http, url: "http://127.0.0.1:9/" } }',
  'bridges:',
  ...['a', 'b', 'c'].map(name => `  ${name}: { egress: "never/${name}/+/sent", to: { connection: far } }`),
]

const mosquitto: Broker = {
  name: 'mosquitto',
  version: () => (isInstalled('mosquitto') ? /version (\S+)/.exec(helpOf('mosquitto'))?.[1] || 'unknown' : ''),
  lacks: () => undefined,
  command: place => {
    const { cert, key } = place.certificate
    const lines = [
      `listener ${place.port} 127.0.0.1`,
      'allow_anonymous true',
      'max_inflight_messages 1000',
      'max_queued_messages 0',
      'log_type error',
      'set_tcp_nodelay true',
      // It writes its store when it stops or every half hour, and syncs nothing: no match for durable cases.
      `persistence ${place.durable}`,
      `persistence_location ${place.directory}/`,
      ...(process.getuid?.() === 0 ? ['user root'] : []),
      ...(place.transport === 'tls' ? [`certfile ${cert}`, `keyfile ${key}`] : []),
      ...(place.transport === 'ws' ? ['protocol websockets'] : []),
    ]
    return ['mosquitto', '-c', write(place, 'mosquitto.conf', lines)]
  },
}

const natsServer: Broker = {
  name: 'nats-server',
  version: () => (isInstalled('nats-server') ? outputOf('nats-server', '--version').replace(/^.*v/, '') : ''),
  lacks: ({ load, durable }) => {
    if (durable) return 'acknowledges before it syncs'
    if (load.kind === 'connections' || load.kind === 'subscriptions') return undefined
    if (load.version === 5) return 'no MQTT 5.0'
    if (load.qos === 2) return 'no QoS 2 before 2.10'
    return load.transport === 'tcp' ? undefined : 'measured over TCP only'
  },
  command: place => {
    const lines = [
      'server_name: "bench"',
      'listen: "127.0.0.1:-1"',
      `jetstream { store_dir: "${place.directory}" }`,
      `mqtt { listen: "127.0.0.1:${place.port}", max_ack_pending: 1000 }`,
    ]
    return ['nats-server', '-c', write(place, 'nats.conf', lines)]
  },
}

const aedes: Broker = {
  name: 'aedes',
  version: () =>
    /"version": "([^"]+)"/.exec(outputOf('cat', path.join(root, 'node_modules/aedes/package.json')))?.[1] ?? '',
  lacks: ({ load, durable }) => {
    if (durable) return 'keeps nothing on disk'
    if (load.kind === 'connections' || load.kind === 'subscriptions') return undefined
    if (load.version === 5) return 'no MQTT 5.0'
    return load.transport === 'tcp' ? undefined : 'measured over TCP only'
  },
  command: place => [process.execPath, fileURLToPath(new URL('aedes-server.js', import.meta.url)), String(place.port)],
}

export const brokers: ReadonlyMap<string, Broker> = new Map(
  [ours, oursWithBridges, oursWithRawHandles, mosquitto, natsServer, aedes].map(broker => [broker.name, broker]),
)

function write({ directory }: Place, name: string, lines: readonly string[]): string {
  const file = path.join(directory, name)
  writeFileSync(file, `${lines.join('\n')}\n`)
  return file
}

/** Its help is the only place where Mosquitto tells its version, and its exit status is no success. */
function helpOf(program: string): string {
  return outputOf('sh', '-c', `${program} -h || true`)
}
