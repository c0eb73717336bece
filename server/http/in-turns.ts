import { setImmediate } from 'node:timers/promises'

/** Elements looked at in one turn of the event loop: a millisecond's work or less, then clients have theirs. */
export const looksPerTurn = 2_048

/** Looks at each of many, and yields where its reader is to give others their turn. */
export function* withBreaths<Item>(items: Iterable<Item>, look: (item: Item) => void): Generator<void, undefined> {
  let looks = 0
  for (const item of items) {
    look(item)
    if (++looks % looksPerTurn === 0) yield
  }
  return undefined
}

/** Goes on with it turn by turn, to its end. */
export async function inTurns(steps: Iterable<void>): Promise<void> {
  for (const _ of steps) await nextTurn()
}

let last = Promise.resolve()

/** A turn of the event loop that nobody else has who waits here: however many look through lists, a turn has one step. */
export function nextTurn(): Promise<void> {
  last = last.then(() => setImmediate())
  return last
}
