import { expect, test } from 'vitest'
import { exchange } from '../../bench/generator/exchange.ts'
import type { Assignment, ExchangeLoad, Figures } from '../../bench/load.ts'
import { describeUnless } from '../support/skipping.ts'
import { BrokenPeer, type Faults } from './broken-peer.ts'

const load: ExchangeLoad = {
  kind: 'exchange',
  shape: 'pairs',
  transport: 'tcp',
  version: 4,
  qos: 0,
  payloadBytes: 32,
  publishers: 3,
  subscribers: 3,
  window: 200,
}

/** A run against a peer that breaks the first 100 messages of each publisher: ten of each place. */
async function against(faults: Faults): Promise<{ figures: Figures; peer: BrokenPeer }> {
  await using peer = new BrokenPeer(faults, 100)
  const assignment: Assignment = { load, port: await peer.listen(), pid: process.pid, warmUpMs: 0, timeMs: 100 }
  return { figures: await exchange(load, assignment), peer }
}

const lack = process.platform === 'linux' ? undefined : 'the generator reads CPU time and memory from /proc'

describeUnless(lack, 'the generator counts what a broken broker does', () => {
  test('nothing, where nothing was broken', async () => {
    const { figures, peer } = await against({})
    expect(figures.sent).toBeGreaterThanOrEqual(600)
    expect(figures).toMatchObject({ received: peer.done.received, lost: 0, duplicated: 0, reordered: 0, errors: 0 })
  })

  test('each message that was lost', { timeout: 60_000 }, async () => {
    const { figures, peer } = await against({ lose: [3] })
    expect(peer.done.lost).toBe(30)
    expect(figures).toMatchObject({ lost: 30, duplicated: 0, reordered: 0, sent: peer.done.received })
  })

  test('each message that came twice, and none of them as delivered', async () => {
    const { figures, peer } = await against({ repeat: [1, 7] })
    expect(peer.done.repeated).toBe(60)
    expect(figures).toMatchObject({ lost: 0, duplicated: 60, reordered: 0, received: peer.done.received })
  })

  test('each message that came after a later one', async () => {
    const { figures, peer } = await against({ delay: [4] })
    expect(peer.done.delayed).toBe(30)
    expect(figures).toMatchObject({ lost: 0, duplicated: 0, reordered: 30, received: peer.done.received })
  })
})
