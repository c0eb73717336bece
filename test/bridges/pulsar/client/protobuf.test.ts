import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  commands,
  type Fields,
  messageMetadata,
  singleMessageMetadata,
} from '../../../../bridges/pulsar/client/grammar.ts'
import {
  decode,
  decodeCommand,
  encode,
  encodeCommand,
  writeVarint,
} from '../../../../bridges/pulsar/client/protobuf.ts'
import { PulsarError } from '../../../../bridges/pulsar/client/pulsar-error.ts'
import { opened, recorded, recordedNames } from './recorded.ts'

describe('commands that a real broker sent', () => {
  test.each(recordedNames)('"%s" is read', name => {
    const { command, end, buffer } = opened(recorded(name))
    expect(command?.name).toBe(/batch|single/.test(name) ? 'message' : name)
    expect(end).toBe(buffer.length)
  })

  test('hold what it meant', () => {
    expect(opened(recorded('connected')).command?.fields).toMatchObject({
      serverVersion: 'Pulsar Server4.2.4',
      protocolVersion: 19,
      maxMessageSize: 5_242_880,
    })
    expect(opened(recorded('lookupResponse')).command?.fields).toMatchObject({
      brokerServiceUrl: 'pulsar://127.0.0.1:34531',
      response: 1,
      authoritative: true,
      proxyThroughServiceUrl: true,
    })
    expect(opened(recorded('none batch')).command?.fields).toMatchObject({
      messageId: { ledgerId: 11n, entryId: 0n, partition: -1 },
    })
  })
})

test('what is not in the grammar is skipped, whatever its type', () => {
  const { lookup } = commands
  const known = encode(lookup[1], { topic: 't', requestId: 7 })
  const unknown = Buffer.from([
    0xa0, 0x06, 0x05, 0xa1, 0x06, 1, 2, 3, 4, 5, 6, 7, 8, 0xa2, 0x06, 1, 9, 0xa5, 0x06, 1, 2, 3, 4,
  ])
  const both = Buffer.concat([unknown, known, unknown])
  expect(decode(lookup[1], both, 0, both.length)).toEqual({ topic: 't', requestId: 7 })
  // A command of another time: type 68, topic migrated.
  expect(decodeCommand(Buffer.from([0x08, 68, 0xa2, 0x04, 0]), 0, 5)).toBeUndefined()
})

test('whatever is written is read again, for every message of the grammar', () => {
  const tables: Fields[] = [
    ...Object.values(commands).map(([, fields]) => fields),
    messageMetadata,
    singleMessageMetadata,
  ]
  for (const fields of tables) {
    fc.assert(
      fc.property(arbitrary(fields), message => {
        const bytes = encode(fields, message)
        expect(decode(fields, bytes, 0, bytes.length)).toEqual(message)
      }),
      { numRuns: 20 },
    )
  }
})

test('numbers have the bytes that protobuf gives them', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 53n - 1n }), value => {
      const buffer = Buffer.alloc(20)
      const slow: number[] = []
      for (let rest = value; ; rest >>= 7n) {
        slow.push(Number(rest & 0x7fn) | (rest > 0x7fn ? 0x80 : 0))
        if (rest <= 0x7fn) break
      }
      for (const form of [value, Number(value)]) {
        expect([...buffer.subarray(0, writeVarint(buffer, 0, form))]).toEqual(slow)
      }
    }),
  )
})

test('a broken command is an error of its own, never another one and never endless', () => {
  const start = encodeCommand('lookupResponse', { requestId: 1, brokerServiceUrl: 'pulsar://a:1', response: 0 })
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(start.length - 1), fc.integer({ min: 0, max: 255 })), { maxLength: 4 }),
      fc.nat(start.length),
      (changes, length) => {
        const bytes = Buffer.from(start.subarray(0, length))
        for (const [at, byte] of changes) if (at < bytes.length) bytes[at] = byte
        try {
          decodeCommand(bytes, 0, bytes.length)
        } catch (error) {
          expect(error).toBeInstanceOf(PulsarError)
          expect(error).toMatchObject({ code: 'PROTOCOL', wants: 'repeat' })
        }
      },
    ),
    { numRuns: 2000 },
  )
})

/** Any message of these fields, without empty lists, which are not written. */
function arbitrary(fields: Fields): fc.Arbitrary<object> {
  const entries = Object.entries(fields).map(([name, [, type, rule]]) => {
    const one = typeof type === 'object' ? arbitrary(type) : scalars[type]
    return [name, rule === 'repeated' ? fc.array<unknown>(one, { minLength: 1, maxLength: 3 }) : one]
  })
  return fc.record(Object.fromEntries(entries), { requiredKeys: [] })
}

const scalars = {
  u64: fc.maxSafeNat(),
  long: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  i32: fc.integer(),
  bool: fc.boolean(),
  string: fc.string({ unit: 'grapheme' }),
  bytes: fc.uint8Array({ maxLength: 20 }).map(bytes => Buffer.from(bytes)),
}
