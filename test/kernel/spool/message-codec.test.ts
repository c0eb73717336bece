import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Message } from '../../../kernel/plugin.ts'
import { ByteReader, ByteWriter } from '../../../kernel/spool/bytes.ts'
import { decodeMessage, encodeMessage, readMessage, writeMessage } from '../../../kernel/spool/message-codec.ts'
import { fieldsOf, messages } from './arbitraries.ts'

test('every message comes back as it was', () => {
  fc.assert(
    fc.property(messages, message => {
      expect(fieldsOf(decodeMessage(encodeMessage(message)))).toEqual(fieldsOf(message))
    }),
    { numRuns: 500 },
  )
})

test('messages written one after the other into one buffer come back one after the other', () => {
  fc.assert(
    fc.property(fc.array(messages, { maxLength: 20 }), list => {
      const writer = new ByteWriter()
      for (const message of list) writeMessage(writer, message)
      const reader = new ByteReader(writer.slice(0, writer.length))
      for (const message of list) expect(fieldsOf(readMessage(reader))).toEqual(fieldsOf(message))
      expect(reader.left).toBe(0)
    }),
  )
})

test('what a message has in common with the one before it is written once, and comes back', () => {
  const alike = fc.array(messages, { minLength: 1, maxLength: 3 }).chain(few => fc.array(fc.constantFrom(...few)))
  fc.assert(
    fc.property(alike, list => {
      const writer = new ByteWriter()
      for (const [i, message] of list.entries()) writeMessage(writer, message, list[i - 1])
      const reader = new ByteReader(writer.slice(0, writer.length))
      let before: Message | undefined
      for (const message of list) {
        before = readMessage(reader, before)
        expect(fieldsOf(before)).toEqual(fieldsOf(message))
      }
      expect(reader.left).toBe(0)
    }),
  )
})

test('what is read has its own bytes: the record may be overwritten', () => {
  const bytes = encodeMessage(new Message({ topic: 't', payload: Buffer.from('payload') }))
  const message = decodeMessage(bytes)
  bytes.fill(0)
  expect(Buffer.from(message.payload).toString()).toBe('payload')
})

test('numbers, strings and bytes of every size come back, across every growth of the buffer', () => {
  const part = fc.oneof(
    fc.maxSafeNat(),
    fc.constantFrom(0, 127, 128, 16_383, 16_384, 2 ** 31, 2 ** 32, Number.MAX_SAFE_INTEGER),
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.nat(70_000).map(length => '\u20ac'.repeat(length % 45 === 0 ? length : length % 50)),
    fc.uint8Array({ maxLength: 40_000 }),
  )
  fc.assert(
    fc.property(fc.array(part, { maxLength: 12 }), parts => {
      const writer = new ByteWriter()
      for (const value of parts) {
        if (typeof value === 'number') writer.varint(value)
        else if (typeof value === 'string') writer.string(value)
        else writer.bytes(value)
      }
      const reader = new ByteReader(writer.slice(0, writer.length))
      for (const value of parts) {
        if (typeof value === 'number') expect(reader.varint()).toBe(value)
        else if (typeof value === 'string') expect(reader.string()).toBe(value)
        else expect(Buffer.compare(reader.bytes(), value)).toBe(0)
      }
      expect(reader.left).toBe(0)
    }),
  )
})
