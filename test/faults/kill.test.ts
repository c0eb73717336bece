import { beforeAll, expect, test } from 'vitest'
import { testFolder } from '../server/support/config.ts'
import { freePorts, portOf, ServerProcess } from '../server/support/robust-server.ts'
import { build } from '../support/build.ts'
import { Random } from '../support/random.ts'
import { type Wire, wire } from '../support/wire.ts'
import { ExactPublisher, ExactSubscriber } from './exact-clients.ts'

/** More: KILLS=20. */
const kills = Number(process.env.KILLS ?? 3)
const inFlight = 100

beforeAll(build)

async function session(port: number, clientId: string, resumed: boolean): Promise<Wire> {
  const client = await wire(port, { timeoutMs: 60_000 })
  const properties = { sessionExpiryInterval: 0xffff_ffff }
  const connack = await client.connect({ clientId, clean: false, properties })
  expect([connack.reasonCode, connack.sessionPresent]).toEqual([0, resumed])
  return client
}

test(`a server killed ${kills} times under load loses nothing it acknowledged, and repeats nothing of QoS 2`, async () => {
  const cwd = testFolder()
  const random = new Random(Number(process.env.SEED ?? 1))
  const publisher = new ExactPublisher()
  const subscriber = new ExactSubscriber()
  let serial = 0
  const publish = () => {
    serial++
    publisher.publish(`kill/${serial % 3}`, `${serial}`, serial % 2 === 0 ? 1 : 2)
  }

  const start = async (resumed: boolean) => {
    const server = new ServerProcess(['start'], { cwd, environment: freePorts })
    const port = portOf(await server.line('ready'), 'tcp')
    const reader = await session(port, 'reader', resumed)
    if (!resumed) await reader.subscribe('kill/#', { qos: 2 })
    subscriber.attach(reader)
    const writer = await session(port, 'writer', resumed)
    publisher.attach(writer)
    return { server, reader, writer }
  }

  for (let kill = 0; kill < kills; kill++) {
    const { server, reader, writer } = await start(kill > 0)
    const enough = random.integer(50, 1_500)
    let acknowledged = 0
    await new Promise<void>(resolve => {
      publisher.onAcknowledged = () => {
        if (++acknowledged === enough) resolve()
        else if (acknowledged < enough) publish()
      }
      while (publisher.open < inFlight) publish()
    })
    server.kill('SIGKILL')
    await server.exited
    await Promise.all([reader.closed(), writer.closed()])
  }
  publisher.onAcknowledged = () => {}
  const { server, reader, writer } = await start(true)
  publisher.publish('kill/end', 'end', 2)
  await publisher.done()
  await subscriber.had('end')

  const times = new Map<string, number>()
  for (const { text } of subscriber.taken) times.set(text, (times.get(text) ?? 0) + 1)
  const sent = publisher.sent.filter(({ topic }) => topic !== 'kill/end')
  expect(
    sent.filter(({ text }) => !times.has(text)),
    'lost',
  ).toEqual([])
  expect(
    sent.filter(({ text, qos }) => qos === 2 && times.get(text) !== 1),
    'repeated',
  ).toEqual([])
  for (const topic of ['kill/0', 'kill/1', 'kill/2']) {
    const first = [...new Set(subscriber.taken.flatMap(one => (one.topic === topic ? [Number(one.text)] : [])))]
    expect(first, topic).toEqual([...first].sort((a, b) => a - b))
  }
  await Promise.all([reader.drop(), writer.drop()])
  server.kill('SIGTERM')
  expect((await server.exited).code).toBe(0)
}, 300_000)
