import fc from 'fast-check'
import { Message, type MessageFields } from '../../../kernel/plugin.ts'

const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 20 }), fc.string({ unit: 'grapheme', maxLength: 200 }))
const bytes = fc.uint8Array({ maxLength: 300 })

/** Messages with every field there or absent; strings of every character that UTF-8 knows. */
export const messages: fc.Arbitrary<Message> = fc
  .record(
    {
      topic: text,
      payload: bytes,
      publishedAt: fc.maxSafeNat(),
      guarantee: fc.constantFrom(0, 1, 2) as fc.Arbitrary<0 | 1 | 2>,
      durability: fc.constantFrom('none', 'stored') as fc.Arbitrary<'none' | 'stored'>,
      retain: fc.boolean(),
      headers: fc.array(fc.tuple(text, text), { maxLength: 4 }),
      contentType: text,
      correlationId: bytes,
      replyTo: text,
      format: fc.constantFrom('bytes', 'text') as fc.Arbitrary<'bytes' | 'text'>,
      deliverAt: fc.maxSafeNat(),
      expiresAt: fc.maxSafeNat(),
      from: text,
    },
    { requiredKeys: ['topic', 'payload', 'publishedAt'] },
  )
  .map(fields => new Message(fields as MessageFields))

/** What two equal messages share. */
export function fieldsOf(message: Message): object {
  const { frame: _, correlationId, ...fields } = message
  return { ...fields, payload: hex(message.payload), correlationId: correlationId && hex(correlationId) }
}

function hex(value: Uint8Array): string {
  return Buffer.from(value).toString('hex')
}
