import { describe, expect, test } from 'vitest'
import { InboundTopicAliases, OutboundTopicAliases } from '../../../../protocols/mqtt/codec/topic-aliases.ts'

describe("a client's topic aliases", () => {
  test('every alias up to the maximum is taken, stands for its topic, and can be set anew [MQTT-3.3.2-12]', () => {
    const aliases = new InboundTopicAliases(3)
    for (const alias of [1, 2, 3]) expect(aliases.resolve(`t/${alias}`, alias)).toBe(`t/${alias}`)
    for (const alias of [1, 2, 3]) expect(aliases.resolve('', alias)).toBe(`t/${alias}`)
    expect(aliases.resolve('other', 2)).toBe('other')
    expect(aliases.resolve('', 2)).toBe('other')
    expect(aliases.resolve('plain', undefined)).toBe('plain')
  })

  test('0 and aliases above the maximum are refused [MQTT-3.3.2-8] [MQTT-3.3.2-9] [MQTT-3.2.2-17]', () => {
    const aliases = new InboundTopicAliases(3)
    expect(() => aliases.resolve('t', 4)).toThrow(expect.objectContaining({ reasonCode: 0x94 }))
    expect(() => aliases.resolve('t', 0)).toThrow(expect.objectContaining({ reasonCode: 0x94 }))
  })

  test('without an announced maximum there are none [MQTT-3.2.2-18]', () => {
    expect(() => new InboundTopicAliases(0).resolve('t', 1)).toThrow(expect.objectContaining({ reasonCode: 0x94 }))
  })

  test('an alias that was never set, and no topic at all, are protocol errors', () => {
    const aliases = new InboundTopicAliases(3)
    expect(() => aliases.resolve('', 1)).toThrow(expect.objectContaining({ reasonCode: 0x82 }))
    expect(() => aliases.resolve('', undefined)).toThrow(expect.objectContaining({ reasonCode: 0x82 }))
  })

  test('they end with the connection: another one knows nothing of them [MQTT-3.3.2-7]', () => {
    new InboundTopicAliases(3).resolve('t', 1)
    expect(() => new InboundTopicAliases(3).resolve('', 1)).toThrow(expect.objectContaining({ reasonCode: 0x82 }))
  })
})

describe('our topic aliases', () => {
  test("no alias exceeds the client's maximum, and the first topics keep theirs [MQTT-3.3.2-11] [MQTT-3.1.2-26]", () => {
    const aliases = new OutboundTopicAliases(2)
    expect(aliases.known('a')).toBe(0)
    expect(aliases.next).toBe(1)
    aliases.remember('a')
    expect(aliases.next).toBe(2)
    aliases.remember('b')
    expect(aliases.next).toBe(0)
    aliases.remember('c')
    expect(['a', 'b', 'c'].map(topic => aliases.known(topic))).toEqual([1, 2, 0])
  })

  test('an announcement that was dropped is not remembered', () => {
    const aliases = new OutboundTopicAliases(2)
    expect(aliases.next).toBe(1)
    expect(aliases.next).toBe(1)
    expect(aliases.known('a')).toBe(0)
  })

  test('a maximum of 0 means no aliases [MQTT-3.1.2-27]', () => {
    const aliases = new OutboundTopicAliases(0)
    expect(aliases.next).toBe(0)
    aliases.remember('a')
    expect(aliases.known('a')).toBe(0)
  })
})
