import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import mqtt from 'mqtt'
import { beforeAll, expect, test } from 'vitest'
import { type ReadRecord, readTopic } from '../bridges/kafka/support/reader.ts'
import { testFolder } from '../server/support/config.ts'
import { ServerProcess } from '../server/support/robust-server.ts'
import { build } from '../support/build.ts'
import { Random } from '../support/random.ts'
import { describeKafka } from '../support/services/kafka.ts'
import { fixedPort } from './fixed-port.ts'

/** `npm run test:bridges-faults`: 1,000,000, and an OUTAGE of 5 minutes. */
const messages = Number(process.env.MESSAGES ?? 20_000)
const downMs = Number(process.env.OUTAGE ?? 10_000)
const publishers = 20
/** Of each publisher, not acknowledged. */
const window = 100
const limitMs = 120_000 + messages * 2 + downMs * 4

beforeAll(build)

describeKafka('MQTT through robust-server to a Kafka of three nodes', { nodes: 3, faults: true }, kafka => {
  let port = 0
  let cwd = ''
  let server: ServerProcess

  async function start(): Promise<void> {
    const listeners = { tcp: { host: '127.0.0.1', port } }
    server = new ServerProcess(['start'], { cwd, environment: { ROBUSTMQ__LISTENERS: JSON.stringify(listeners) } })
    await server.line('ready')
  }

  async function begin(topic: string): Promise<void> {
    port = await fixedPort(new Random(Date.now()))
    cwd = testFolder({
      'robustmq.yaml': `
data: data
# A cache is no backlog: it is full before anything waits.
limits: { spoolCacheBytes: 1MB }
connections: { k: { type: kafka, brokers: [${kafka().brokers.join()}], timeout: 2s, connectTimeout: 1s } }
bridges:
  out:
    egress: t/#
    to: { connection: k, topic: ${topic}, key: "\${clientid}" }
    buffer: { maxMessages: ${messages * 2}, onFull: block }
`,
    })
    await start()
  }

  /** Publishes numbers with QoS 1; after a lost connection what was not acknowledged again, in its order. */
  async function publish(index: number, count: number, acknowledged: () => void): Promise<void> {
    const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, {
      ...{ clientId: `p${index}`, clean: false, reconnectPeriod: 200, connectTimeout: 60_000 },
    })
    for (let from = 0; from < count; from += window) {
      const numbers = Array.from({ length: Math.min(window, count - from) }, (_, at) => String(from + at))
      await Promise.all(numbers.map(number => client.publishAsync(`t/${index}`, number, { qos: 1 }).then(acknowledged)))
    }
    await client.endAsync()
  }

  /** All publish; `during` is told how many are acknowledged so far. */
  async function publishAll(during: (acknowledged: () => number) => Promise<void>): Promise<void> {
    let acknowledged = 0
    const each = messages / publishers
    const clients = Array.from({ length: publishers }, (_, index) => publish(index, each, () => acknowledged++))
    await Promise.all([during(() => acknowledged), ...clients])
  }

  async function until(holds: () => boolean | Promise<boolean>, withinMs: number): Promise<void> {
    for (const end = Date.now() + withinMs; Date.now() < end; await delay(200)) if (await holds()) return
    expect.fail(`it did not come to that in ${withinMs} ms`)
  }

  const stored = async (topic: string): Promise<number> => {
    const ends = await kafka().offsets(topic)
    return ends.reduce((sum, { high }) => sum + Number(high), 0)
  }

  function judge(records: readonly ReadRecord[]): { lost: number; twice: number; disordered: number } {
    const seen = new Map<string, { numbers: Set<number>; last: number }>()
    let disordered = 0
    for (const { key, value } of records) {
      const of = seen.get(key!) ?? { numbers: new Set(), last: -1 }
      const number = Number(value)
      if (!of.numbers.has(number) && number < of.last) disordered++
      of.numbers.add(number)
      of.last = Math.max(of.last, number)
      seen.set(key!, of)
    }
    const distinct = [...seen.values()].reduce((sum, { numbers }) => sum + numbers.size, 0)
    return { lost: messages - distinct, twice: records.length - distinct, disordered }
  }

  /** What has come when nothing is missing, or when nothing more has come for a while: what came twice counts once. */
  async function arrived(topic: string): Promise<ReturnType<typeof judge>> {
    await until(async () => (await stored(topic).catch(() => 0)) >= messages, limitMs)
    for (let before = Number.POSITIVE_INFINITY; ; await delay(5_000)) {
      const verdict = judge(await readTopic(kafka(), topic))
      if (verdict.lost === 0 || verdict.lost === before) return verdict
      before = verdict.lost
    }
  }

  async function leaderOf(topic: string): Promise<number> {
    const { topics } = await kafka().admin(admin => admin.fetchTopicMetadata({ topics: [topic] }))
    return topics[0]!.partitions[0]!.leader
  }

  test(
    `${messages} messages while the server, and then the leader, is killed: none lost, each key in order`,
    async () => {
      const topic = await kafka().topic(3)
      await begin(topic)
      await publishAll(async acknowledged => {
        await until(() => acknowledged() > messages / 4, limitMs)
        server.kill('SIGKILL')
        await server.exited
        await start()
        await until(() => acknowledged() > messages / 2, limitMs)
        const leader = await leaderOf(topic)
        await kafka().kill(leader)
        await kafka().restartNode(leader)
      })
      const { twice, ...verdict } = await arrived(topic)
      server.kill('SIGTERM')
      await server.exited
      console.log(`server and leader killed: ${messages} messages, lost ${verdict.lost}, ${twice} came twice`)
      expect(verdict).toEqual({ lost: 0, disordered: 0 })
    },
    limitMs,
  )

  test(
    `brokers that are down for ${downMs / 1_000} s under load: memory stays flat, and what waited arrives`,
    async () => {
      const topic = await kafka().topic(3)
      await begin(topic)
      const memory = () =>
        Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.child.pid}/status`, 'utf8'))?.[1]) / 1_024
      let [before, worst] = [0, 0]
      await publishAll(async acknowledged => {
        await until(() => acknowledged() > messages / 10, limitMs)
        for (const node of [1, 2, 3]) await kafka().kill(node)
        before = memory()
        for (const end = Date.now() + downMs; Date.now() < end; await delay(200)) worst = Math.max(worst, memory())
        await kafka().restart()
      })
      const { twice, ...verdict } = await arrived(topic)
      server.kill('SIGTERM')
      await server.exited
      const mib = `${Math.round(before)} MiB before, ${Math.round(worst)} MiB at most while they were down`
      console.log(`all brokers down for ${downMs / 1_000} s: ${mib}; lost ${verdict.lost}, ${twice} came twice`)
      expect(verdict).toEqual({ lost: 0, disordered: 0 })
      expect(worst - before).toBeLessThan(128)
    },
    limitMs,
  )
})
