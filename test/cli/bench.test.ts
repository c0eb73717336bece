import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { Api } from '../server/http/api.ts'
import { startBroker } from '../support/broker.ts'
import { build } from '../support/build.ts'
import { Ctl, type Ended } from './robust-ctl.ts'

beforeAll(build)

async function house(): Promise<{ api: Api; ctl: Ctl; folder: string }> {
  const api = await Api.start()
  const folder = await mkdtemp(path.join(tmpdir(), 'bench-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  return { api, folder, ctl: new Ctl({ ROBUSTMQ_URL: api.http.url, XDG_CONFIG_HOME: folder }) }
}

const short = ['--time', '1', '--warm-up', '0', '--clients', '4']

function reportOf({ code, stdout, stderr }: Ended) {
  expect([code, stderr]).toEqual([0, ''])
  return JSON.parse(stdout)
}

describe('every message is accounted for', () => {
  test.each([
    ['pair', '0', 1],
    ['pair', '1', 1],
    ['pair', '2', 1],
    ['fan-out', '1', 4],
  ])('%s at QoS %s', async (kind, qos, receivers) => {
    const { ctl } = await house()
    const { bench, figures, machine, server } = reportOf(await ctl.run(['bench', kind, '-q', qos, ...short]))
    expect(bench).toMatchObject({ kind, qos: Number(qos), clients: 4 })
    expect(figures.sent).toBeGreaterThan(0)
    expect(figures).toMatchObject({
      received: figures.sent * receivers,
      lost: 0,
      duplicated: 0,
      reordered: 0,
      errors: 0,
      closed: 0,
    })
    const { p50Ms, p99Ms, p999Ms, maxMs } = figures
    expect([p50Ms, p99Ms, p999Ms, maxMs].toSorted((a, b) => a - b)).toEqual([p50Ms, p99Ms, p999Ms, maxMs])
    expect(p50Ms).toBeGreaterThan(0)
    expect(machine).toMatchObject({ nodejs: process.version, cores: expect.any(Number) })
    expect(server.storage).toBe('file')
  })

  test.each([
    ['1', []],
    ['2', []],
    ['1', ['--rate', '500']],
  ])('pub at QoS %s %j waits for every acknowledgement and tells how long they took', async (qos, more) => {
    const { ctl } = await house()
    const { figures } = reportOf(await ctl.run(['bench', 'pub', '-q', qos, ...short, ...more]))
    expect(figures).toMatchObject({ received: 0, lost: 0, errors: 0 })
    const { p50Ms, p99Ms, p999Ms, maxMs } = figures
    expect([p50Ms, p99Ms, p999Ms, maxMs].toSorted((a, b) => a - b)).toEqual([p50Ms, p99Ms, p999Ms, maxMs])
    expect(p50Ms).toBeGreaterThan(0)
  })

  test('pub at QoS 0 has nothing to time; conn waits for every CONNACK', async () => {
    const { ctl } = await house()
    const published = reportOf(await ctl.run(['bench', 'pub', '-q', '0', ...short])).figures
    expect(published).toMatchObject({ received: 0, lost: 0, errors: 0, p50Ms: null })
    const connected = reportOf(await ctl.run(['bench', 'conn', ...short, '--clients', '20'])).figures
    expect(connected).toMatchObject({ sent: 20, received: 20, lost: 0, closed: 0 })
  })

  test('a rate is kept, and sub counts what others publish', async () => {
    const { ctl } = await house()
    const sub = ctl.run(['bench', 'sub', '--topic', 'bench/#', ...short, '--clients', '1', '--time', '6'])
    const { figures } = reportOf(await ctl.run(['bench', 'pair', '--rate', '200', ...short]))
    const { sent, received, perSecond } = figures
    expect(received).toBe(sent)
    // From the first that was due to the last there are one less.
    expect(perSecond).toBeLessThan((200 * sent) / (sent - 1) + 0.001)
    const heard = reportOf(await sub).figures
    expect(heard.received).toBeLessThanOrEqual(sent)
  })
})

test('goes through TLS and WebSocket, and says why a server is not reached', async () => {
  await using broker = await startBroker({ tls: true, websocket: true })
  const { ctl, folder } = await house()
  const ca = path.join(folder, 'ca.pem')
  await writeFile(ca, broker.ca)
  for (const url of [`mqtts://localhost:${broker.tlsPort}`, `ws://localhost:${broker.wsPort}/mqtt`])
    expect(reportOf(await ctl.run(['bench', 'pair', '-b', url, '--ca', ca, ...short])).figures.lost).toBe(0)
  const untrusted = await ctl.run(['bench', 'pair', '-b', `mqtts://localhost:${broker.tlsPort}`, ...short])
  expect([untrusted.code, untrusted.stderr]).toEqual([1, expect.stringContaining('certificate')])
  const nobody = await ctl.run(['bench', 'pair', '-b', 'mqtt://127.0.0.1:9', ...short])
  expect([nobody.code, nobody.stderr]).toEqual([1, expect.stringContaining('ECONNREFUSED')])
})

test('figures are shown as a table, and held against those of earlier', async () => {
  const { ctl, folder } = await house()
  const old = path.join(folder, 'old.json')
  await writeFile(old, (await ctl.run(['-o', 'json', 'bench', 'pair', ...short])).stdout)
  const settled = ({ stdout }: Ended) =>
    stdout
      .split('\n')
      .filter(line => !/^\d+ x |^pair|busy/.test(line))
      .map(line =>
        line
          .replace(/[-+]?\d+(\.\d+)?(?= |$)/g, '<n>')
          .replace(/ +/g, ' ')
          .trimEnd(),
      )
      .join('\n')
  const shown = await ctl.run(['-o', 'table', 'bench', 'pair', ...short, '--compare', old])
  await expect(settled(shown)).toMatchFileSnapshot('golden/bench-compare.txt')
  const piped = reportOf(await ctl.run(['bench', 'pair', ...short, '--compare', old]))
  expect(piped.changes.perSecond).toEqual(expect.any(Number))
})

test('what is more than the tool takes, and what is no report, are mistakes of the command line', async () => {
  const { ctl, folder } = await house()
  const none = path.join(folder, 'none.json')
  await writeFile(none, '{}')
  for (const args of [
    ['bench', 'pair', '--clients', '1000000'],
    ['bench', 'pair', '--clients', 'many'],
    ['bench', 'pair', '--clients', '0'],
    ['bench', 'pair', '--mqtt-version', '3.1'],
    ['bench', 'pair', '--compare', none],
    ['bench', 'pair', '-b', 'http://localhost'],
    ['bench', 'nothing'],
  ])
    expect([args, (await ctl.run(args)).code]).toEqual([args, 2])
})
