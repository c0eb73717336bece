import { expect, test } from 'vitest'
import {
  divideByRange,
  readAssignment,
  readSubscription,
  writeAssignment,
  writeSubscription,
} from '../../../../bridges/kafka/ingress/assignment.ts'

test('partitions are divided as by the RangeAssignor of Java', () => {
  const members = new Map([
    ['C1', ['t', 'u']],
    ['C0', ['t']],
  ])
  const shares = divideByRange(members, topic => (topic === 't' ? 3 : 2))
  expect(shares.get('C0')).toEqual(new Map([['t', [0, 1]]]))
  expect(shares.get('C1')).toEqual(
    new Map([
      ['t', [2]],
      ['u', [0, 1]],
    ]),
  )
})

test('what members tell each other is read as it was written', () => {
  expect(readSubscription(writeSubscription(['t', 'ü']))).toEqual(['t', 'ü'])
  const share = new Map([['t', [0, 5]]])
  expect(readAssignment(writeAssignment(share))).toEqual(share)
  expect(readAssignment(Buffer.alloc(0))).toEqual(new Map())
})
