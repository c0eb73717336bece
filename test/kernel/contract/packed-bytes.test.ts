import { describe, expect, test } from 'vitest'
import { Message, packBytes, unpackBytes } from '../../../kernel/plugin.ts'

const everyByte = Uint8Array.from({ length: 256 }, (_, byte) => byte)

describe('packed bytes', () => {
  test.each([0, 1, 64, 65, 4_095, 4_096, 100_000])('%i bytes come back as they were', bytes => {
    const given = Buffer.from(Array.from({ length: bytes }, (_, at) => at % 251))
    const before = given.toString('hex')
    const packed = packBytes(given)
    given.fill(1)
    expect(packed).toHaveLength(bytes)
    expect(Buffer.from(unpackBytes(packed)).toString('hex')).toBe(before)
  })

  test('every byte is kept', () => {
    expect([...unpackBytes(packBytes(everyByte))]).toEqual([...everyByte])
  })

  test('of a view, only what it shows', () => {
    expect([...unpackBytes(packBytes(everyByte.subarray(5, 8)))]).toEqual([5, 6, 7])
  })
})

describe('a packed message', () => {
  const lent = Buffer.from('21.5 °C')
  const message = new Message({ topic: 'a/b', payload: lent, guarantee: 1, retain: true, headers: [['unit', '°C']] })
  message.user = 'meter'
  const packed = message.packed()
  lent.fill(0)

  test('says the same, whatever becomes of what it was made from', () => {
    expect(Buffer.from(packed.payload).toString()).toBe('21.5 °C')
    expect(packed).toMatchObject({ topic: 'a/b', guarantee: 1, durability: 'stored', retain: true, user: 'meter' })
    expect(packed).toMatchObject({ headers: [['unit', '°C']], publishedAt: message.publishedAt })
  })

  test('tells its size, and stays as it is where it is kept', () => {
    expect(packed.payloadBytes).toBe(8)
    expect(Buffer.from(packed.keep().own().payload).toString()).toBe('21.5 °C')
  })

  test('shares nothing of how it is sent or held', () => {
    message.frame = 'a frame'
    message.holders = 3
    expect(message.packed()).toMatchObject({ frame: undefined, holders: 0 })
  })
})
