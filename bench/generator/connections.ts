import { setTimeout as pause } from 'node:timers/promises'
import { BringUp } from '../../cli/bench/load/bring-up.ts'
import type { Client, ClientOwner } from '../../cli/bench/load/client.ts'
import { OutBuffer } from '../../cli/bench/load/link.ts'
import type { Assignment, ConnectionLoad, Figures } from '../load.ts'
import { idleClients } from './idle.ts'
import { Meter } from './meter.ts'

/** For the broker to be done with those who left. */
const settleMs = 300

/** Many clients with one subscription each, which then only ping. */
export async function connections(load: ConnectionLoad, { port, pid }: Assignment): Promise<Figures> {
  const { connections: count, concurrency, keepAliveS, holdMs, warmUpConnections = 0 } = load
  const meter = new Meter(pid)
  const bringUp = new BringUp()
  const owner: ClientOwner = { settled: () => bringUp.settled(), received: () => {}, acknowledged: () => {} }
  const out = new OutBuffer()
  for (let left = warmUpConnections; left > 0; left -= count) {
    const first = idleClients(Math.min(left, count), { port, keepAliveS, out }, owner)
    await bringUp.open(first, concurrency)
    for (const client of first) client.disconnect()
    await Promise.all(first.map(({ gone }) => gone))
    await pause(settleMs)
  }
  const clients = idleClients(count, { port, keepAliveS, out }, owner)
  const emptyRssBytes = meter.rssBytes()
  const before = meter.cpuUs()
  const connectMs = await bringUp.open(clients, concurrency)
  const connected = meter.cpuUs()
  const up = clients.filter(({ state }) => state === 'ready').length

  const pings = await hold(clients, holdMs, keepAliveS * 0.8)
  const held = meter.cpuUs()
  return {
    connections: up,
    failed: count - up,
    connectionsPerS: (up / connectMs) * 1000,
    cpuUsPerConnection: (connected - before) / up,
    bytesPerConnection: (meter.rssBytes() - emptyRssBytes) / up,
    closedWhileHeld: up - clients.filter(({ state }) => state === 'ready').length,
    idleCpuPercent: (held - connected) / holdMs / 10,
    cpuUsPerPing: (held - connected) / pings,
    peakRssBytes: meter.peakRssBytes(),
  }
}

/** Each client pings every `everyS`, evenly spread. */
function hold(clients: readonly Client[], holdMs: number, everyS: number): Promise<number> {
  const begin = performance.now()
  let pings = 0
  return new Promise(resolve => {
    const timer = setInterval(() => {
      const elapsedMs = performance.now() - begin
      const due = (elapsedMs / 1000 / everyS) * clients.length
      for (; pings < due; pings += 1) {
        const client = clients[pings % clients.length]
        if (client?.state === 'ready') client.ping()
      }
      if (elapsedMs < holdMs) return
      clearInterval(timer)
      resolve(pings)
    }, 5)
  })
}
