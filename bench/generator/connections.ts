import type { Assignment, ConnectionLoad, Figures } from '../load.ts'
import { BringUp } from './bring-up.ts'
import { Client, type ClientOwner } from './client.ts'
import { OutBuffer } from './link.ts'
import { Meter } from './meter.ts'

/** Many clients with one subscription each, which then only ping. */
export async function connections(load: ConnectionLoad, { port, pids }: Assignment): Promise<Figures> {
  const { connections: count, concurrency, keepAliveS, holdMs } = load
  const meter = new Meter(pids)
  const bringUp = new BringUp()
  const owner: ClientOwner = { settled: () => bringUp.settled(), received: () => {}, acknowledged: () => {} }
  const wire = { port, transport: 'tcp', version: 4, clean: true, keepAliveS, qos: 0, out: new OutBuffer() } as const
  const clients = Array.from({ length: count }, (_, index) => {
    return new Client(index, { ...wire, clientId: `b-i${index}`, filters: [`b/dev/${index}/cmd`] }, owner)
  })
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
