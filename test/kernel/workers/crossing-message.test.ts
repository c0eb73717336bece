import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { FrameReader } from '../../../kernel/cluster/frame-reader.ts'
import { FrameWriter, lengthBytes } from '../../../kernel/cluster/frame-writer.ts'
import { Message, type MessageFields } from '../../../kernel/contract/message.ts'
import { readCrossing, writeCrossing } from '../../../kernel/workers/crossing-message.ts'

const text = fc.string({ unit: 'grapheme' })
const time = fc.integer({ min: 0, max: 2 ** 48 })

const fields: fc.Arbitrary<MessageFields> = fc.record(
  {
    topic: text,
    payload: fc.uint8Array({ maxLength: 300 }),
    guarantee: fc.constantFrom(0, 1, 2),
    durability: fc.constantFrom('none', 'stored'),
    retain: fc.boolean(),
    headers: fc.array(fc.tuple(text, text), { maxLength: 3 }),
    contentType: text,
    correlationId: fc.uint8Array({ maxLength: 20 }),
    replyTo: text,
    format: fc.constantFrom('bytes', 'text'),
    deliverAt: time,
    expiresAt: time,
    from: text,
    publishedAt: time,
  },
  { requiredKeys: ['topic', 'payload', 'publishedAt'] },
)

/** All that a protocol can see of it. */
function seen(message: Message): object {
  const { topic, guarantee, durability, retain, headers, contentType, replyTo, format, deliverAt, expiresAt } = message
  const { from, publishedAt, payload, correlationId } = message
  const bytes = (of: Uint8Array | undefined) => of && [...of]
  const plain = { topic, guarantee, durability, retain, headers, contentType, replyTo, format, deliverAt, expiresAt }
  return { ...plain, from, publishedAt, payload: bytes(payload), correlationId: bytes(correlationId) }
}

test('messages come across as they were, one behind the other', () => {
  fc.assert(
    fc.property(fc.array(fields, { minLength: 1, maxLength: 5 }), all => {
      const writer = new FrameWriter()
      const messages = all.map(one => new Message(one))
      writer.begin(2)
      for (const message of messages) writeCrossing(writer, message)
      const { buffer, length } = writer.detach(undefined)
      const reader = new FrameReader()
      reader.open(buffer, lengthBytes + 1, length)
      const read = messages.map(() => readCrossing(reader))
      expect(reader.more).toBe(false)
      expect(read.map(seen)).toEqual(messages.map(seen))
    }),
    { numRuns: 200 },
  )
})
