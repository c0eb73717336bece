import { beforeAll, expect, test } from 'vitest'
import { missingTool } from '../interop/toolchain.ts'
import { testFolder } from '../server/support/config.ts'
import { command, ServerProcess } from '../server/support/robust-server.ts'
import { build } from '../support/build.ts'
import { Random } from '../support/random.ts'
import { testWith } from '../support/skipping.ts'
import { fixedPort } from './fixed-port.ts'
import { Fleet, judge, type Stream, type Verdict } from './fleet.ts'
import { verdictOf } from './verdicts.ts'

/** `npm run test:crash`: 50. */
const kills = Number(process.env.KILLS ?? 3)
const seed = Number(process.env.SEED ?? 1)
const python = { command: 'python3', atLeast: [3, 9], install: 'install Python 3.9 or later with pip' } as const

const noPython = missingTool([python])
let streams: readonly Stream[] = []
let verdict: Verdict | undefined

beforeAll(build)

test(`a server under load of real clients is killed ${kills} times, and starts again on what it left`, async () => {
  const random = new Random(seed)
  const port = await fixedPort(random)
  const cwd = testFolder()
  const listeners = { tcp: { host: '127.0.0.1', port } }
  const environment = { ROBUSTMQ__LISTENERS: JSON.stringify(listeners) }
  const start = async () => {
    const server = new ServerProcess(['start'], { cwd, environment })
    await server.line('ready')
    return server
  }
  console.log(`seed ${seed}, ${kills} kills`)
  let server = await start()
  await using fleet = await Fleet.start(port, { python: noPython === undefined })
  for (let kill = 0; kill < kills; kill++) {
    await fleet.acknowledged(random.integer(20, 1_000))
    server.kill('SIGKILL')
    await server.exited
    server = await start()
  }
  streams = await fleet.finish()
  verdict = verdictOf(streams)
  server.kill('SIGTERM')
  expect((await server.exited).code).toBe(0)
  const check = await command(['data', 'check'], { cwd })
  expect(check, check.stdout).toMatchObject({ code: 0 })
}, 900_000)

testWith(noPython, 'Paho is among the clients', () => {
  expect(
    streams.filter(({ client, acknowledged }) => client.startsWith('Paho ') && acknowledged.length > 0),
  ).not.toEqual([])
})

test('nothing that was acknowledged is lost', () => {
  expect(verdict?.acknowledged).toBeGreaterThan(20 * kills)
  expect(verdict).toMatchObject({ lost: 0 })
})

test('no message of QoS 2 comes twice', () => {
  expect(verdict).toMatchObject({ repeated: 0 })
})

test('the messages of a topic come in the order in which they were published', () => {
  expect(verdict).toMatchObject({ disordered: 0 })
})

test('what is lost, repeated or out of order is seen', () => {
  const acknowledged = [0, 1, 2, 3]
  expect(judge({ qos: 1, acknowledged, came: [0, 1, 1, 2, 1, 3] })).toMatchObject({
    lost: 0,
    repeated: 0,
    disordered: 0,
  })
  expect(judge({ qos: 2, acknowledged, came: [0, 1, 1, 2, 3] })).toMatchObject({ lost: 0, repeated: 1, disordered: 0 })
  expect(judge({ qos: 2, acknowledged, came: [0, 3, 1] })).toMatchObject({ lost: 1, repeated: 0, disordered: 1 })
})
