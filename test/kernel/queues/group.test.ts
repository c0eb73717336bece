import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Consumer } from '../../../kernel/plugin.ts'
import { Group } from '../../../kernel/queues/group.ts'
import type { Queue } from '../../../kernel/queues/queue.ts'
import { binding, message, QueueBench, Taker } from './queue-bench.ts'

interface Member {
  readonly queue: Queue
  readonly taker: Taker
  readonly consumer: Consumer & { close(): void }
}

function grouped(credits: readonly number[]) {
  const bench = new QueueBench()
  const group = new Group(bench.host, 'g', 't', 0)
  const members = credits.map((credit, i): Member => {
    const queue = bench.queue(`member ${i}`)
    const taker = new Taker()
    const consumer = queue.consume(taker, credit)
    group.join(queue, binding(1))
    return { queue, taker, consumer }
  })
  const offer = (from: number, to: number) => {
    for (let i = from; i < to; i++) group.offer(message(`${i}`), -1)
  }
  return { bench, group, members, offer }
}

test('members with credit take turns', () => {
  const { members, offer } = grouped([10, 10, 10])
  offer(0, 9)
  expect(members.map(({ taker }) => taker.taken)).toEqual([
    ['0', '3', '6'],
    ['1', '4', '7'],
    ['2', '5', '8'],
  ])
})

test('a member without credit is passed over, and what nobody can take waits in order', () => {
  const { group, members, offer } = grouped([1, 3])
  offer(0, 8)
  expect(members.map(({ taker }) => taker.taken)).toEqual([['0'], ['1', '2', '3']])
  expect(group.depth).toBe(4)
  members[0]!.consumer.settle(members[0]!.taker.open[0]!, 'accept')
  expect(members[0]!.taker.taken).toEqual(['0', '4'])
})

test('what a member that leaves did not settle goes to the others, before what is newer', () => {
  const { group, members, offer } = grouped([2, 2])
  offer(0, 6)
  const [leaving, staying] = members as [Member, Member]
  expect([leaving.taker.taken, staying.taker.taken]).toEqual([
    ['0', '2'],
    ['1', '3'],
  ])
  group.leave(leaving.queue)
  leaving.queue.end()
  staying.consumer.grant(10)
  expect(staying.taker.taken).toEqual(['1', '3', '0', '2', '4', '5'])
})

test('a member that leaves 50,000 deliveries behind gives all of them back, in order', () => {
  const { group, members, offer } = grouped([50_000, 50_000])
  const [leaving, staying] = members as [Member, Member]
  staying.consumer.hold()
  offer(0, 50_000)
  group.leave(leaving.queue)
  leaving.queue.end()
  staying.consumer.resume()
  expect(staying.taker.taken).toEqual(leaving.taker.taken)
})

test('what the last member took before it left is given up with it, and nothing of it is held', () => {
  const { bench, group, members, offer } = grouped([2])
  offer(0, 2)
  const [last] = members as [Member]
  group.leave(last.queue)
  group.end()
  expect(last.queue.unsettled).toBe(2)
  last.queue.end()
  expect([bench.held, group.depth, bench.dropped('session-ended')]).toEqual([0, 0, 2])
})

test('nothing is lost or given to two at once, whoever comes, settles, stalls and leaves', () => {
  const act = fc.record({
    act: fc.constantFrom('offer', 'offer', 'offer', 'settle', 'hold', 'resume', 'leave'),
    member: fc.nat(2),
  })
  fc.assert(
    fc.property(fc.array(act, { maxLength: 120 }), acts => {
      const { group, members, offer } = grouped([2, 3, 1])
      const gone = new Set<Member>()
      const settled: string[] = []
      let offered = 0
      for (const { act: what, member: at } of acts) {
        const member = members[at]!
        if (what === 'offer') offer(offered, ++offered)
        else if (gone.has(member)) continue
        else if (what === 'hold') member.consumer.hold()
        else if (what === 'resume') member.consumer.resume()
        else if (what === 'settle') {
          const delivery = member.taker.open.shift()
          if (!delivery) continue
          settled.push(Buffer.from(delivery.message.payload).toString())
          member.consumer.settle(delivery, 'accept')
        } else if (gone.size < 2) {
          gone.add(member)
          group.leave(member.queue)
          member.queue.end()
        }
      }
      const staying = members.filter(member => !gone.has(member))
      for (const { consumer, taker } of staying) {
        consumer.resume()
        consumer.grant(1_000)
        for (const { message: delivered } of taker.open) settled.push(Buffer.from(delivered.payload).toString())
      }
      const numbers = settled.map(Number).sort((a, b) => a - b)
      expect(numbers).toEqual(Array.from({ length: offered }, (_, i) => i))
    }),
    { numRuns: 200 },
  )
})
