import { connections } from './connections.ts'
import { exchange } from './exchange.ts'
import { listening } from './listening.ts'
import type { BenchFigures, BenchPlan, Progress } from './plan.ts'

/** Does what the plan says; ends in bounded time. @throws Error when clients are not let in */
export function runBench(plan: BenchPlan, progress: Progress): Promise<BenchFigures> {
  switch (plan.kind) {
    case 'conn':
      return connections(plan, progress)
    case 'sub':
      return listening(plan, progress)
    default:
      return exchange(plan, progress)
  }
}
