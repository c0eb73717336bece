import { readFileSync } from 'node:fs'
import { beforeAll, expect, test } from 'vitest'
import { testFolder } from '../server/support/config.ts'
import { build } from '../support/build.ts'
import { Random } from '../support/random.ts'
import { PythonClient } from '../support/services/pulsar/python-client.ts'
import { describePulsar } from '../support/services/pulsar/start-pulsar.ts'
import { fixedPort } from './fixed-port.ts'
import { judgeKeyed, KeyedLoad } from './keyed-load.ts'

/** `npm run test:bridges-faults`: 1,000,000. */
const messages = Number(process.env.MESSAGES ?? 10_000)
/** As many are published while the far side is away. */
const outage = Number(process.env.OUTAGE ?? 20_000)
const seed = Number(process.env.SEED ?? 1)
const withinMs = 3_600_000

beforeAll(build)

describePulsar('a bridge to a real Pulsar', { own: true }, server => {
  async function begin(topic: string) {
    const python = await PythonClient.start({ url: server().serviceUrl })
    await python.subscribe(topic, 'reader')
    await python.close('reader')
    await python[Symbol.asyncDispose]()
    const cwd = testFolder({
      'robustmq.yaml': `connections: { p: { type: pulsar, url: "${server().serviceUrl}" } }
bridges:
  out:
    egress: load/#
    to: { connection: p, topic: "${topic}", key: "\${topic[1]}" }
    retry: { backoff: 50ms..500ms }
`,
    })
    const load = new KeyedLoad(await fixedPort(new Random(seed)), cwd)
    await load.start()
    return load
  }

  /** All that was written, by Pulsar's own client. */
  async function readAll(topic: string, acknowledged: ReadonlySet<string>): Promise<string[]> {
    await using python = await PythonClient.start({ url: server().serviceUrl })
    await python.subscribe(topic, 'reader')
    const read: string[] = []
    const missing = new Set(acknowledged)
    for (;;) {
      const some = await python.receiveText('reader', 5_000, missing.size > 0 ? 20_000 : 1_000)
      if (some.length === 0) return read
      read.push(...some)
      for (const text of some) missing.delete(text)
    }
  }

  test(
    `kill -9 of Pulsar, of our server, and of both, in the middle of ${messages} messages: none is lost, each key stays in order`,
    async () => {
      const topic = await server().topic(4)
      const load = await begin(topic)
      const part = Math.floor(messages / 6)
      await load.reach(part)
      await server().kill()
      await load.reach(2 * part)
      await server().start()
      await load.reach(3 * part)
      await load.kill()
      await load.start()
      await load.reach(4 * part)
      await server().kill()
      await load.kill()
      await load.start()
      await load.reach(5 * part)
      await server().start()
      await load.reach(messages)
      const verdict = judgeKeyed(load.acknowledged, await readAll(topic, load.acknowledged))
      console.log(`Pulsar: ${JSON.stringify(verdict)}`)
      expect(verdict).toMatchObject({ acknowledged: messages, lost: 0, disordered: 0 })
      await load.stop()
    },
    withinMs,
  )

  test(
    `while Pulsar is away, ${outage} messages wait without taking memory, and go when it is back`,
    async () => {
      const topic = await server().topic(4)
      const load = await begin(topic)
      const warm = Math.floor(outage / 4)
      await load.reach(warm)
      await server().kill()
      await load.reach(2 * warm)
      const before = residentBytes(load.pid)
      await load.reach(warm + outage)
      const grown = residentBytes(load.pid) - before
      await server().start()
      const verdict = judgeKeyed(load.acknowledged, await readAll(topic, load.acknowledged))
      console.log(
        `Pulsar away: ${JSON.stringify(verdict)}, ${Math.round(grown / 1024)} KiB more while ${outage - warm} more waited`,
      )
      expect(verdict).toMatchObject({ lost: 0, disordered: 0 })
      // References of what waits, and noise of the collector: payloads alone, if they were held, would be seen at a million.
      expect(grown).toBeLessThan(64 * 1024 * 1024)
      await load.stop()
    },
    withinMs,
  )
})

test('what is lost, doubled or out of order is seen', () => {
  const acknowledged = new Set(['0:0', '0:1', '1:0', '1:1'])
  expect(judgeKeyed(acknowledged, ['0:0', '1:0', '0:1', '0:0', '1:1'])).toEqual({
    ...{ acknowledged: 4, lost: 0, disordered: 0, duplicates: 1 },
  })
  expect(judgeKeyed(acknowledged, ['0:1', '0:0', '1:0'])).toMatchObject({ lost: 1, disordered: 1, duplicates: 0 })
})

function residentBytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024
}
