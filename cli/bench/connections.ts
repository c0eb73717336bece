import { BringUp } from './load/bring-up.ts'
import type { Client, ClientOwner } from './load/client.ts'
import { Histogram } from './load/histogram.ts'
import { OutBuffer } from './load/link.ts'
import { clientsOf, closedOf, everyQuarterSecond, latencies, leave, rounded, ToolCpu, wireOf } from './measures.ts'
import type { BenchFigures, BenchPlan, Progress } from './plan.ts'

/** Connects many clients, then holds them: from the connect to the CONNACK, and who is closed meanwhile. */
export async function connections(plan: BenchPlan, progress: Progress): Promise<BenchFigures> {
  const { clients: count, seconds, concurrency } = plan
  const bringUp = new BringUp()
  const latency = new Histogram()
  let up = 0
  const owner: ClientOwner = {
    settled: client => {
      if (client.state === 'ready') {
        up++
        latency.add((performance.now() - client.openedAtMs) * 1_000)
      }
      bringUp.settled()
    },
    received: () => {},
    acknowledged: () => {},
  }
  const clients = clientsOf(count, wireOf(plan, new OutBuffer()), { name: 'c', filtersOf: () => [], owner })
  const cpu = new ToolCpu()
  const end = everyQuarterSecond(() => progress(up / count, `${up} of ${count} connected`))
  const connectMs = await bringUp.open(clients, concurrency).finally(end)
  const connected = clients.filter(({ state }) => state === 'ready')
  await hold(connected, seconds, progress)
  const figures = {
    perSecond: rounded((connected.length / connectMs) * 1_000),
    ...latencies(latency),
    sent: count,
    received: connected.length,
    lost: count - connected.length,
    duplicated: 0,
    reordered: 0,
    errors: clients.reduce((total, { errors }) => total + errors, 0),
    closed: closedOf(clients),
    seconds: rounded(connectMs / 1_000 + seconds),
    toolCpuPercent: cpu.percent,
  }
  leave(clients)
  return figures
}

async function hold(clients: readonly Client[], seconds: number, progress: Progress): Promise<void> {
  const began = performance.now()
  const end = everyQuarterSecond(() => {
    const left = seconds - (performance.now() - began) / 1_000
    progress(1 - left / seconds, `${clients.length - closedOf(clients)} connections held`)
  })
  await new Promise(resolve => setTimeout(resolve, seconds * 1_000))
  end()
}
