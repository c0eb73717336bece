import type { Socket } from 'node:net'
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt'
import { onTestFinished } from 'vitest'
import { testFolder } from './config.ts'
import { freePorts, portOf, ServerProcess } from './robust-server.ts'
import { processOf } from './worker-of.ts'

/** Starting three processes takes its time on a busy machine. */
export const limitMs = 120_000
/** Connections until both workers have one: the system spreads them as it likes. */
const mostTries = 200

/** A broker of two workers, in three processes. */
export class Broker {
  readonly server: ServerProcess
  readonly pids = new Map<number, number>()
  /** What CONNACK said. */
  readonly keepAlives = new WeakMap<MqttClient, number | undefined>()
  port = 0

  constructor(cwd: string, environment: Readonly<Record<string, string>> = {}) {
    this.server = new ServerProcess(['start', '--workers', '2'], { cwd, environment: { ...freePorts, ...environment } })
  }

  async start(): Promise<this> {
    for (let i = 0; i < 2; i++) await this.served()
    this.port = portOf(await this.server.line('ready'), 'tcp')
    return this
  }

  /** The next worker that serves. */
  async served(): Promise<number> {
    const { worker, pid } = await this.server.line('a worker serves')
    this.pids.set(worker as number, pid as number)
    return worker as number
  }

  pid(worker: number): number {
    return this.pids.get(worker) as number
  }

  async connect(options: IClientOptions = {}): Promise<MqttClient> {
    const client = mqtt.connect({
      host: '127.0.0.1',
      port: this.port,
      protocolVersion: 5,
      reconnectPeriod: 0,
      ...options,
    })
    onTestFinished(() => void client.end(true))
    await new Promise<void>((resolve, reject) => {
      client.once('connect', ({ properties }) => {
        this.keepAlives.set(client, properties?.serverKeepAlive)
        resolve()
      })
      client.once('error', reject)
    })
    client.on('error', () => {})
    return client
  }

  workerOf(client: MqttClient): number | undefined {
    const pid = processOf((client.stream as Socket).localPort as number, [...this.pids.values()])
    return [...this.pids].find(([, other]) => other === pid)?.[0]
  }

  /** A client that this worker serves. */
  async connectTo(worker: number, options: IClientOptions = {}): Promise<MqttClient> {
    for (let tries = 0; tries < mostTries; tries++) {
      const client = await this.connect(options)
      if (this.workerOf(client) === worker) return client
      await client.endAsync()
    }
    throw new Error(`${mostTries} connections, and none reached worker ${worker}`)
  }
}

export async function startBroker(environment?: Readonly<Record<string, string>>, cwd = testFolder()): Promise<Broker> {
  return await new Broker(cwd, environment).start()
}

/** The next `count` messages, as text. */
export function texts(client: MqttClient, count: number): Promise<string[]> {
  return new Promise(resolve => {
    const got: string[] = []
    client.on('message', (_, payload) => {
      got.push(String(payload))
      if (got.length === count) resolve(got)
    })
  })
}
