import { BringUp, expectReady } from './load/bring-up.ts'
import type { ClientOwner } from './load/client.ts'
import { OutBuffer } from './load/link.ts'
import { clientsOf, closedOf, everyQuarterSecond, leave, noLatencies, rounded, ToolCpu, wireOf } from './measures.ts'
import type { BenchFigures, BenchPlan, Progress } from './plan.ts'

/** Subscribers of what others publish: how much comes. When it was sent, and whether all came, nobody here knows. */
export async function listening(plan: BenchPlan, progress: Progress): Promise<BenchFigures> {
  const { clients: count, seconds, concurrency, topic } = plan
  const bringUp = new BringUp()
  let received = 0
  const owner: ClientOwner = {
    settled: () => bringUp.settled(),
    received: () => void received++,
    acknowledged: () => {},
  }
  const clients = clientsOf(count, wireOf(plan, new OutBuffer()), { name: 's', filtersOf: () => [topic], owner })
  progress(0, `connecting ${count} clients`)
  await bringUp.open(clients, concurrency)
  expectReady(clients)
  received = 0
  const began = performance.now()
  const cpu = new ToolCpu()
  const end = everyQuarterSecond(() => {
    const elapsed = (performance.now() - began) / 1_000
    progress(elapsed / seconds, `${Math.round(received / elapsed)} messages/s`)
  })
  await new Promise(resolve => setTimeout(resolve, seconds * 1_000))
  end()
  const figures = {
    perSecond: rounded((received / (performance.now() - began)) * 1_000),
    ...noLatencies,
    sent: 0,
    received,
    lost: 0,
    duplicated: 0,
    reordered: 0,
    errors: clients.reduce((total, { errors }) => total + errors, 0),
    closed: closedOf(clients),
    seconds,
    toolCpuPercent: cpu.percent,
  }
  leave(clients)
  return figures
}
