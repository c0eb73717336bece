import { beforeAll, expect, test } from 'vitest'
import { missingTool } from '../interop/toolchain.ts'
import { testFolder } from '../server/support/config.ts'
import { command, ServerProcess } from '../server/support/robust-server.ts'
import { build } from '../support/build.ts'
import { Random } from '../support/random.ts'
import { fixedPort } from './fixed-port.ts'
import { Fleet, type Verdict } from './fleet.ts'
import { verdictOf } from './verdicts.ts'

/** Each is one worker, and then the owner. */
const kills = Number(process.env.KILLS ?? 2)
const seed = Number(process.env.SEED ?? 1)
const workers = 2
const python = { command: 'python3', atLeast: [3, 9], install: 'install Python 3.9 or later with pip' } as const

let verdict: Verdict | undefined

beforeAll(build)

/** A server in three processes, and which of them serve. */
async function start(cwd: string, environment: Readonly<Record<string, string>>) {
  const server = new ServerProcess(['start', '--workers', String(workers)], { cwd, environment })
  const pids = new Map<number, number>()
  const served = async () => {
    const { worker, pid } = await server.line('a worker serves')
    pids.set(worker as number, pid as number)
  }
  for (let i = 0; i < workers; i++) await served()
  await server.line('ready')
  return { server, pids, served }
}

test(`workers and owners are killed ${kills} times each under load of real clients, and start again`, async () => {
  const random = new Random(seed)
  const port = await fixedPort(random)
  const cwd = testFolder()
  const environment = { ROBUSTMQ__LISTENERS: JSON.stringify({ tcp: { host: '127.0.0.1', port } }) }
  console.log(`seed ${seed}, ${kills} kills of a worker and of the owner`)
  let broker = await start(cwd, environment)
  await using fleet = await Fleet.start(port, { python: missingTool([python]) === undefined })
  for (let kill = 0; kill < kills; kill++) {
    await fleet.acknowledged(random.integer(20, 1_000))
    process.kill(broker.pids.get(random.integer(1, workers)) as number, 'SIGKILL')
    await broker.served()
    await fleet.acknowledged(random.integer(20, 1_000))
    broker.server.kill('SIGKILL')
    await broker.server.exited
    broker = await start(cwd, environment)
  }
  verdict = verdictOf(await fleet.finish())
  broker.server.kill('SIGTERM')
  expect((await broker.server.exited).code).toBe(0)
  const check = await command(['data', 'check'], { cwd })
  expect(check, check.stdout).toMatchObject({ code: 0 })
}, 900_000)

test('nothing that was acknowledged is lost, nothing of QoS 2 comes twice, and topics keep their order', () => {
  expect(verdict?.acknowledged).toBeGreaterThan(40 * kills)
  expect(verdict).toMatchObject({ lost: 0, repeated: 0, disordered: 0 })
})
