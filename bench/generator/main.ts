import type { Assignment, Figures } from '../load.ts'
import { connections } from './connections.ts'
import { exchange } from './exchange.ts'
import { stored } from './stored.ts'
import { subscriptions } from './subscriptions.ts'

/** The generator's process: an `Assignment` as JSON on its command line, `Figures` as JSON on its standard output. */
const assignment: Assignment = JSON.parse(process.argv[2] ?? '')
const figures = await run(assignment)
process.stdout.write(`${JSON.stringify(figures)}\n`, () => process.exit(0))

function run({ load }: Assignment): Promise<Figures> {
  switch (load.kind) {
    case 'exchange':
      return exchange(load, assignment)
    case 'connections':
      return connections(load, assignment)
    case 'subscriptions':
      return subscriptions(load, assignment)
    case 'retained':
    case 'offline':
      return stored(load, assignment)
  }
}
