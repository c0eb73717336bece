import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeTopicName } from '../../../../protocols/mqtt/codec/topic-name.ts'
import * as any from './arbitraries.ts'

// Short names over a small alphabet, so that many of them meet in one slot of what is remembered.
const alike = fc.string({ unit: fc.constantFrom('a', 'b', '/', 'ä', '\ufeff', '𪛔'), minLength: 1, maxLength: 12 })
const long = fc.integer({ min: 120, max: 140 }).chain(size => any.topicName.map(name => name.padEnd(size, 'x')))

test('a topic name is read as it is written, whatever was read before', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(alike, any.topicName, long), { minLength: 1, maxLength: 100 }), names => {
      for (const name of [...names, ...names]) {
        const bytes = Buffer.from(`<${name}>`)
        expect(decodeTopicName(bytes, 1, bytes.length - 1)).toBe(name)
      }
    }),
  )
})

test('a topic name that is refused once is refused always [MQTT-3.3.2-2]', () => {
  for (let turn = 0; turn < 3; turn++) {
    for (const name of ['a/+/b', 'a/#', '#', 'a\u0000b', 'a\u0001b']) {
      const bytes = Buffer.from(name)
      expect(() => decodeTopicName(bytes, 0, bytes.length)).toThrow(expect.objectContaining({ reasonCode: 0x81 }))
    }
  }
})

test('bytes that spell another name in Latin-1 are not taken for it', () => {
  const read = (bytes: Buffer) => decodeTopicName(bytes, 0, bytes.length)
  // Found by search: both names meet in one slot of what is remembered.
  const bytes = Buffer.from('xxxx\u00f5x')
  read(Buffer.from(bytes.toString('latin1')))
  expect(read(bytes)).toBe(bytes.toString())
})
