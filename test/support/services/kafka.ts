import { execFile, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import kafkajs from 'kafkajs'
import { afterAll, beforeAll } from 'vitest'
import { missingTool } from '../../interop/toolchain.ts'
import { describeWith } from '../skipping.ts'

const { Kafka, logLevel } = kafkajs
const program = path.join(import.meta.dirname, 'kafka', 'kafka.mjs')

/** How long a partition may be without a leader that everybody knows. */
const leaderWithinMs = 60_000
const topicWithinMs = 30_000

export interface KafkaNeeds {
  readonly nodes?: 1 | 3
  /** TLS, SASL and ACLs. */
  readonly secure?: boolean
  /** Properties of the brokers, over those of `kafka/cluster.mjs`. */
  readonly settings?: Readonly<Record<string, string | number>>
  /** Nodes are killed or stopped: never a server that somebody lent by KAFKA_BROKERS. */
  readonly faults?: boolean
}

/** What `kafka.mjs start` prints. */
interface Described {
  readonly bootstrap: string
  readonly secure?: SecureKafka
  readonly nodes: readonly { readonly id: number; readonly pid: number; readonly log: string }[]
  readonly pids: readonly number[]
}

/** Addresses separated by commas, and files. */
export interface SecureKafka {
  readonly ssl: string
  readonly mtls: string
  readonly saslPlaintext: string
  readonly saslSsl: string
  /** Of each node: a listener like `saslPlaintext` that tells its clients to come by the port of a proxy. */
  readonly proxied: readonly { readonly port: number; readonly proxy: number }[]
  readonly ca: string
  readonly cert: string
  readonly key: string
  /** Passwords by name: `app` may do everything, `limited` what ACLs grant. */
  readonly users: { readonly app: string; readonly limited: string }
  readonly oauthTokens: { readonly app: string; readonly limited: string }
}

/** A real Kafka: started here, or the one that KAFKA_BROKERS names. */
export class KafkaCluster implements AsyncDisposable {
  readonly brokers: readonly string[]
  readonly #dir: string | undefined
  readonly #secure: SecureKafka | undefined
  #pids: readonly number[]
  readonly #orphans = () => this.#pids.forEach(endNow)

  constructor(dir: string | undefined, { bootstrap, secure, pids }: Omit<Described, 'nodes'>) {
    this.#dir = dir
    this.brokers = bootstrap.split(',')
    this.#secure = secure
    this.#pids = pids
    process.once('exit', this.#orphans)
  }

  get secure(): SecureKafka {
    if (this.#secure === undefined) throw new Error('this Kafka was not started with `secure`')
    return this.#secure
  }

  /** Kafka's own command-line tools: topics, console-producer, get-offsets, ... */
  tool(name: string, args: readonly string[], input = ''): Promise<string> {
    return runTool(name, ['--bootstrap-server', this.brokers.join(), ...args], input)
  }

  status(): Promise<Described> {
    return this.#run('status')
  }

  /** kafkajs: another client than a bridge's own. */
  client(): kafkajs.Kafka {
    return new Kafka({ brokers: [...this.brokers], clientId: 'independent', logLevel: logLevel.NOTHING })
  }

  async admin<Answer>(work: (admin: kafkajs.Admin) => Promise<Answer>): Promise<Answer> {
    const admin = this.client().admin()
    await admin.connect()
    return work(admin).finally(() => admin.disconnect())
  }

  /** A topic of a name that nobody has used. */
  async topic(partitions = 1, config: Readonly<Record<string, string | number>> = {}, prefix = 't'): Promise<string> {
    const topic = `${prefix}-${randomUUID().slice(0, 8)}`
    const configEntries = Object.entries(config).map(([name, value]) => ({ name, value: String(value) }))
    const topics = [{ topic, numPartitions: partitions, configEntries }]
    await this.admin(async admin => {
      await admin.createTopics({ topics, waitForLeaders: false })
      await led(admin, topic, partitions)
    })
    return topic
  }

  /**
   * Where each partition of a topic begins and ends. It is asked again, with a new client, while a leader that was killed or
   * woken has no successor that all know of.
   */
  async offsets(topic: string): Promise<Awaited<ReturnType<kafkajs.Admin['fetchTopicOffsets']>>> {
    const end = Date.now() + leaderWithinMs
    for (;;) {
      try {
        return await this.admin(admin => admin.fetchTopicOffsets(topic))
      } catch (error) {
        if ((error as { retriable?: boolean }).retriable !== true || Date.now() > end) throw error
      }
    }
  }

  kill(node: number, signal: 'KILL' | 'TERM' | 'STOP' | 'CONT' = 'KILL'): Promise<unknown> {
    return this.#run('kill', '--node', String(node), '--signal', signal)
  }

  async restartNode(node: number): Promise<void> {
    this.#pids = (await this.#run('restart-node', '--node', String(node))).pids
  }

  /** All nodes that do not run: without two of three there is nobody to let one in. */
  async restart(): Promise<void> {
    this.#pids = (await this.#run('start')).pids
  }

  async [Symbol.asyncDispose](): Promise<void> {
    process.off('exit', this.#orphans)
    if (this.#dir === undefined) return
    await this.#run('stop')
    await rm(this.#dir, { recursive: true, force: true })
  }

  async #run(command: string, ...args: string[]): Promise<Described> {
    if (this.#dir === undefined) throw new Error('a Kafka that was lent is not stopped')
    return runKafka(command, '--dir', this.#dir, ...args)
  }
}

/**
 * Resolves when each partition has a leader that has made its log. A topic is known a moment before that, and kafkajs writes
 * all that it was given again when one of the partitions is not there yet.
 */
async function led(admin: kafkajs.Admin, topic: string, partitions: number): Promise<void> {
  const end = Date.now() + topicWithinMs
  for (;;) {
    try {
      if ((await admin.fetchTopicOffsets(topic)).length === partitions) return
    } catch (error) {
      const { type } = error as { type?: string }
      if (!['UNKNOWN_TOPIC_OR_PARTITION', 'LEADER_NOT_AVAILABLE', 'NOT_LEADER_FOR_PARTITION'].includes(type ?? ''))
        throw error
    }
    if (Date.now() > end) throw new Error(`topic ${topic} has no leaders after ${topicWithinMs} ms`)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

/** Whoever starts a cluster stops it: `await using`. */
export async function startKafka({ nodes = 1, secure, settings = {}, faults }: KafkaNeeds = {}): Promise<KafkaCluster> {
  const lent = process.env.KAFKA_BROKERS
  if (lent !== undefined && !secure && !faults) return new KafkaCluster(undefined, { bootstrap: lent, pids: [] })
  const dir = await mkdtemp(path.join(tmpdir(), 'kafka-'))
  const set = Object.entries(settings).flatMap(([key, value]) => ['--set', `${key}=${value}`])
  const args = ['--dir', dir, '--nodes', String(nodes), ...(secure ? ['--secure'] : []), ...set]
  return new KafkaCluster(dir, await runKafka('start', ...args))
}

/** Tests that need a real Kafka, one for all of them. Without one they are skipped out loud; with CI=true that is a failure. */
export function describeKafka(name: string, needs: KafkaNeeds, tests: (kafka: () => KafkaCluster) => void): void {
  describeWith(missingKafka(needs), name, () => {
    let kafka: KafkaCluster | undefined
    beforeAll(async () => {
      kafka = await startKafka(needs)
    }, 300_000)
    afterAll(() => kafka?.[Symbol.asyncDispose]())
    tests(() => kafka!)
  })
}

/** Why there can be no such Kafka here, or undefined. */
export function missingKafka({ secure, faults }: KafkaNeeds = {}): string | undefined {
  if (process.env.KAFKA_BROKERS !== undefined && !secure && !faults) return undefined
  return missingTool([
    {
      command: 'java',
      versionArguments: ['-version'],
      atLeast: [17, 0],
      install: 'apt install openjdk-17-jre-headless',
    },
    { command: 'mvn', install: 'apt install maven' },
    { command: 'openssl', versionArguments: ['version'], atLeast: [3, 0], install: 'apt install openssl' },
  ])
}

async function runTool(name: string, args: readonly string[], input: string): Promise<string> {
  const child = spawn(process.execPath, [program, 'tool', name, ...args])
  const output: string[] = []
  child.stdout.setEncoding('utf8').on('data', text => output.push(text))
  child.stderr.setEncoding('utf8').on('data', text => output.push(text))
  child.stdin.on('error', () => {}).end(input)
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`kafka's ${name} ${args.join(' ')} ended with ${code}:\n${output.join('')}`)
  return output.join('')
}

async function runKafka(command: string, ...args: string[]): Promise<Described> {
  const { stdout } = await promisify(execFile)(process.execPath, [program, command, ...args])
  return JSON.parse(stdout)
}

/** Only what is still a Kafka: the pid may belong to another process by now. */
function endNow(pid: number): void {
  try {
    if (readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('kafka.Kafka')) process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended.
  }
}
