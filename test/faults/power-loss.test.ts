import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { beforeAll, expect } from 'vitest'
import { missingTool } from '../interop/toolchain.ts'
import { testFolder } from '../server/support/config.ts'
import { ServerProcess } from '../server/support/robust-server.ts'
import { build } from '../support/build.ts'
import { Random } from '../support/random.ts'
import { testUnless } from '../support/skipping.ts'
import { BlockImage, whyNoBlockImage } from './block-image.ts'
import { fixedPort } from './fixed-port.ts'
import { Fleet, type Verdict } from './fleet.ts'
import { verdictOf } from './verdicts.ts'

/** `npm run test:power-loss`: 20. */
const losses = Number(process.env.LOSSES ?? 2)
const seed = Number(process.env.SEED ?? 1)
const lyingStorage = path.join(import.meta.dirname, 'unsynced-storage.mjs')

const lacking = await whyNoBlockImage()

beforeAll(build)

testUnless(
  lacking,
  `power is cut ${losses} times under load of real clients: nothing acknowledged is lost, nothing of QoS 2 comes twice`,
  async () => {
    console.log(`seed ${seed}, ${losses} losses of power`)
    const verdict = await live(losses, 'honest')
    expect(verdict.acknowledged).toBeGreaterThan(20 * losses)
    expect(verdict).toMatchObject({ lost: 0, repeated: 0, disordered: 0 })
  },
  900_000,
)

testUnless(
  lacking,
  'a server that skips every fsync loses what it acknowledged, and that is seen',
  async () => {
    console.log('the control, which skips fsync:')
    const verdict = await live(1, 'lying')
    // What readers that were absent were owed, at least.
    expect(verdict.lost).toBeGreaterThan(20)
  },
  300_000,
)

/**
 * A server's life on one disk whose power is cut again and again, each time under load. A lying one is what the honest
 * one becomes once the sessions are on the disk: what it acknowledged then is all that can be lost.
 */
async function live(cuts: number, kind: 'honest' | 'lying'): Promise<Verdict> {
  const python = missingTool([{ command: 'python3', atLeast: [3, 9], install: '' }]) === undefined
  const random = new Random(seed)
  const port = await fixedPort(random)
  await using image = await BlockImage.create()
  const directory = path.join(image.directory, 'data')
  const cwd = testFolder()
  const start = async (as: 'honest' | 'lying') => {
    const listeners = { tcp: { host: '127.0.0.1', port } }
    const lying = { plugins: [lyingStorage], storage: { type: 'unsynced', directory } }
    const configuration = { data: directory, listeners, ...(as === 'lying' && lying) }
    writeFileSync(path.join(cwd, 'robustmq.yaml'), JSON.stringify(configuration))
    const server = new ServerProcess(['start'], { cwd })
    await server.line('ready')
    return server
  }
  let server = await start('honest')
  try {
    await using fleet = await Fleet.start(port, { python })
    if (kind === 'lying') {
      server.kill('SIGTERM')
      await server.exited
      server = await start('lying')
    }
    for (let cut = 0; cut < cuts; cut++) {
      const publishes = kind === 'lying' ? 1_000 : random.integer(20, 1_000)
      await fleet.acknowledged(publishes)
      server.kill('SIGKILL')
      await server.exited
      await image.cutPower()
      server = await start('honest')
    }
    return verdictOf(await fleet.finish())
  } finally {
    server.kill('SIGKILL')
    await server.exited
  }
}
