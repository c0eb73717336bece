import { expect, test } from 'vitest'
import { Turn, type TurnShare } from '../../kernel/turn.ts'
import { ManualClock } from '../support/clock.ts'

const share = (): TurnShare => ({ turn: 0, offers: 0 })

test('who has caused much work waits for the next turn of the event loop', async () => {
  const turn = new Turn(new ManualClock())
  const one = share()
  turn.spend(1_000)
  expect(turn.wait(one)).toBeUndefined()
  turn.spend(10_000)
  const wait = turn.wait(one)
  expect(wait).toBeInstanceOf(Promise)
  const others: string[] = []
  setImmediate(() => others.push('theirs'))
  await wait
  turn.spend(1_000)
  expect(turn.wait(one)).toBeUndefined()
  await new Promise(setImmediate)
  expect(others).toEqual(['theirs'])
})

test('less work is much where it takes long', async () => {
  const clock = new ManualClock()
  const turn = new Turn(clock)
  const one = share()
  turn.spend(2_000)
  expect(turn.wait(one)).toBeUndefined()
  clock.jump(10)
  turn.spend(100)
  await turn.wait(one)
  turn.spend(2_000)
  expect(turn.wait(one)).toBeUndefined()
})

test.each([
  [63, false],
  [64, true],
])('%i deliveries that took long are too many: %s', (offers, waits) => {
  const clock = new ManualClock()
  const turn = new Turn(clock)
  turn.spend(offers)
  clock.jump(10)
  expect(turn.wait(share()) !== undefined).toBe(waits)
})

test('what many short turns came to is not one long turn', async () => {
  const clock = new ManualClock()
  const turn = new Turn(clock)
  const one = share()
  for (let i = 0; i < 100; i++) {
    turn.spend(300)
    expect(turn.wait(one)).toBeUndefined()
    clock.jump(10)
    await new Promise(setImmediate)
  }
})

test('a turn is not over while what it handed out is not yet written', async () => {
  const front = { behind: true }
  const turn = new Turn(new ManualClock(), front)
  turn.spend(10_000)
  let over = false
  const wait = turn.wait(share())?.then(() => {
    over = true
  })
  for (let i = 0; i < 5; i++) await new Promise(setImmediate)
  expect(over).toBe(false)
  front.behind = false
  await wait
  expect(over).toBe(true)
})

test('turns are shorter while somebody publishes who causes little', async () => {
  const clock = new ManualClock()
  const turn = new Turn(clock)
  const [much, little] = [share(), share()]
  const publish = async (by: TurnShare, offers: number) => {
    turn.spend(offers)
    clock.jump(4)
    const waits = turn.wait(by) !== undefined
    await new Promise(setImmediate)
    return waits
  }
  for (const waits of [false, false, true]) {
    expect(await publish(much, 1_000)).toBe(waits)
    await publish(little, 1)
  }
  clock.jump(2_000)
  expect(await publish(much, 1_000)).toBe(false)
})

test('a message that reaches nobody is work as well', () => {
  const clock = new ManualClock()
  const turn = new Turn(clock)
  for (let i = 0; i < 1_000; i++) turn.spend(0)
  clock.jump(10)
  expect(turn.wait(share())).toBeInstanceOf(Promise)
})

test('who has caused little waits for nobody', () => {
  const turn = new Turn(new ManualClock())
  turn.spend(10_000)
  expect(turn.wait(share())).toBeInstanceOf(Promise)
  turn.spend(1)
  expect(turn.wait(share())).toBeUndefined()
})

test('those who wait go on one after the other, in as many turns as that takes', async () => {
  const turn = new Turn(new ManualClock())
  let turns = 0
  const gone: string[] = []
  const publish = (name: string) => {
    turn.spend(5_000)
    gone.push(`${name} ${turns}`)
  }
  const waits = ['a', 'b', 'c', 'd', 'e'].map(name => {
    turn.spend(10_000)
    return turn.wait(share())?.then(() => publish(name))
  })
  const count = () => {
    turns++
    if (gone.length < waits.length) setImmediate(count)
  }
  setImmediate(count)
  await Promise.all(waits)
  const [first = ''] = gone
  const begun = Number(first.slice(2))
  expect(gone).toEqual(['a', 'b', 'c', 'd', 'e'].map((name, i) => `${name} ${begun + (i >> 1)}`))
})

test('relief that many waited for is not theirs at once', async () => {
  const turn = new Turn(new ManualClock())
  const gone: string[] = []
  const relief = Promise.resolve()
  const waits = ['a', 'b'].map(name =>
    turn.wait(share(), relief)?.then(() => {
      turn.spend(10_000)
      gone.push(name)
    }),
  )
  const before = new Promise<void>(resolve => setImmediate(resolve)).then(() => expect(gone).toEqual(['a']))
  await Promise.all([...waits, before])
  expect(gone).toEqual(['a', 'b'])
})
