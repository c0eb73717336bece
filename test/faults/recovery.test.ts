import { readFileSync } from 'node:fs'
import { beforeAll, expect, test } from 'vitest'
import { fileOn } from '../../storage-plugins/file/index.ts'
import { realDisk } from '../../storage-plugins/file/real-disk.ts'
import { testFolder } from '../server/support/config.ts'
import { freePorts, portOf, ServerProcess } from '../server/support/robust-server.ts'
import { writeBacklog } from '../support/backlog-directory.ts'
import { startBroker } from '../support/broker.ts'
import { build } from '../support/build.ts'
import { noProc, testUnless } from '../support/skipping.ts'
import { type Wire, wire } from '../support/wire.ts'

/** `npm run test:recovery` measures ten million; here it is counted, by fewer. */
const measured = process.env.MESSAGES !== undefined
const messages = Number(process.env.MESSAGES ?? 200_000)
const payloadBytes = 200
const sessions = Number(process.env.SESSIONS ?? 1)
const noLimits = { queueMessages: 0, queueBytes: 0 }
const megabyte = 1_048_576
/** What a queued message may take in memory, and what a server without any takes. */
const referenceBytes = 32
const emptyServerBytes = 128 * megabyte

beforeAll(build)

async function reader(port: number): Promise<Wire> {
  const client = await wire(port)
  const properties = { sessionExpiryInterval: 0xffff_ffff, receiveMaximum: 65_535 }
  const { sessionPresent } = await client.connect({ clientId: 'reader-0', clean: false, properties })
  expect(sessionPresent).toBe(true)
  return client
}

async function firstOnes(client: Wire, count: number): Promise<number[]> {
  const numbers: number[] = []
  while (numbers.length < count) numbers.push(Number((await client.next('publish')).text.split(' ')[0]))
  return numbers
}

const some = Array.from({ length: 1_000 }, (_, i) => i)

test(`a backlog is read when it is delivered: of ${payloadBytes}-byte messages one comes after a megabyte at most`, async () => {
  const directory = `${testFolder()}/data`
  await writeBacklog(directory, { messages: 200_000, payloadBytes, sessions: 1 })
  let readBytes = 0
  const disk = {
    ...realDisk,
    open: async (...place: Parameters<typeof realDisk.open>) => {
      const file = await realDisk.open(...place)
      const read = file.read.bind(file)
      file.read = async (target, position) => {
        const bytes = await read(target, position)
        readBytes += bytes
        return bytes
      }
      return file
    },
  }
  const storage = { plugin: fileOn(disk), options: { directory } }
  await using broker = await startBroker({ kernel: { storage, limits: noLimits } })
  expect(readBytes, 'the start reads everything once to check it, and once for what is held').toBeLessThan(
    120 * megabyte,
  )
  readBytes = 0
  const client = await reader(broker.port)
  expect(await firstOnes(client, 1)).toEqual([0])
  expect(readBytes).toBeLessThan(megabyte)
  expect(await firstOnes(client, 999)).toEqual(some.slice(1))
  await client.drop()
})

/** Of the start with all of them. */
let peak: number | undefined

test(`${messages} queued messages come back after a start, in order`, async () => {
  const cwd = testFolder()
  await writeBacklog(`${cwd}/data`, { messages, payloadBytes, sessions })
  const environment = { ...freePorts, ROBUSTMQ__LIMITS: JSON.stringify(noLimits) }
  const server = new ServerProcess(['start'], { cwd, environment })
  const ready = await server.line('ready')
  peak = noProc === undefined ? peakBytes(server) : undefined
  const at = performance.now()
  const client = await reader(portOf(ready, 'tcp'))
  await firstOnes(client, 1)
  const firstMs = Math.round(performance.now() - at)
  await client.drop()
  const rss = peak === undefined ? 'not known' : `${Math.round(peak / megabyte)} MiB at most`
  console.log(`${messages} messages of ${payloadBytes} bytes, ${sessions} sessions, Node ${process.version}`)
  console.log(`ready after ${ready.startedInMs} ms, RSS ${rss}; the first message ${firstMs} ms after that`)
  // Otherwise no clock: a test must not fail because the machine is busy.
  if (measured) expect(ready.startedInMs).toBeLessThan(15_000)
  server.kill('SIGTERM')
  expect((await server.exited).code).toBe(0)
}, 600_000)

testUnless(noProc, 'that start took no more memory than it may', () => {
  expect(peak).toBeLessThan(measured ? 1_000 * megabyte : emptyServerBytes + messages * referenceBytes)
})

/** The most memory that a process has had. */
function peakBytes({ child }: ServerProcess): number {
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
  return Number(/VmHWM:\s*(\d+) kB/.exec(status)?.[1]) * 1_024
}
