import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as control from '../../../../protocols/mqtt/codec/control.ts'
import type { Connect } from '../../../../protocols/mqtt/codec/packets.ts'
import type { Properties } from '../../../../protocols/mqtt/codec/properties.ts'
import * as any from './arbitraries.ts'
import { MemoryOutput, written } from './memory-output.ts'
import { comparable, referenceGenerate, referenceParse, referenceProperties } from './reference.ts'
import { decodeWhole } from './whole-packet.ts'

const pairs = any.plainUserProperties

describe('packets of a client, written by mqtt-packet', () => {
  const will = fc.record({
    topic: any.topicName,
    payload: any.bytes,
    qos: any.qos,
    retain: fc.boolean(),
    properties: any.willProperties(pairs),
  })
  const connects = fc.record({
    level: any.level,
    clientId: any.text.map(raw => `c${raw}`),
    clean: fc.boolean(),
    keepAlive: any.uint16,
    will: fc.option(will, { nil: undefined }),
    login: fc.option(fc.tuple(any.text, fc.option(any.binary, { nil: undefined })), { nil: undefined }),
    properties: any.connectProperties(pairs),
  })

  test('CONNECT is read whole and in order [MQTT-3.1.3-1] [MQTT-3.1.2-9] [MQTT-3.1.2-17] [MQTT-3.1.2-19]', () => {
    fc.assert(
      fc.property(connects, ({ level, clientId, clean, keepAlive, will, login, properties }) => {
        const bytes = referenceGenerate(
          {
            cmd: 'connect',
            protocolId: level === 3 ? 'MQIsdp' : 'MQTT',
            protocolVersion: level,
            clean,
            clientId,
            keepalive: keepAlive,
            username: login?.[0],
            password: login?.[1],
            will: will && { ...will, properties: referenceProperties(will.properties) },
            properties: referenceProperties(properties),
          },
          level,
        )
        expect(decodeWhole(bytes, 0)).toEqual({
          type: 'connect',
          protocolName: level === 3 ? 'MQIsdp' : 'MQTT',
          protocolLevel: level,
          bridge: false,
          cleanStart: clean,
          keepAlive,
          clientId,
          will: will && { ...will, properties: level === 5 ? will.properties : {} },
          user: login?.[0],
          password: login?.[1],
          properties: level === 5 ? properties : {},
        } satisfies Connect)
      }),
    )
  })

  test('SUBSCRIBE and UNSUBSCRIBE are read with their filters in order [MQTT-3.8.3-1] [MQTT-3.10.3-1]', () => {
    const subscription = fc
      .record({
        filter: any.filter,
        qos: any.qos,
        noLocal: fc.boolean(),
        retainAsPublished: fc.boolean(),
        retainHandling: fc.constantFrom<(0 | 1 | 2)[]>(0, 1, 2),
      })
      .map(one => ({ ...one, noLocal: one.noLocal && !one.filter.startsWith('$share') }))
    const subscriptions = fc.array(subscription, { minLength: 1, maxLength: 5 })
    fc.assert(
      fc.property(
        any.level,
        any.packetId,
        subscriptions,
        any.subscribeProperties(pairs),
        (level, id, list, properties) => {
          const options = level === 5 ? {} : { noLocal: false, retainAsPublished: false, retainHandling: 0 }
          const subscribe = {
            cmd: 'subscribe',
            messageId: id,
            properties: referenceProperties(properties),
            subscriptions: list.map(({ filter, qos, noLocal, retainAsPublished, retainHandling }) => ({
              topic: filter,
              qos,
              nl: noLocal,
              rap: retainAsPublished,
              rh: retainHandling,
            })),
          }
          expect(decodeWhole(referenceGenerate(subscribe, level), level)).toEqual({
            type: 'subscribe',
            packetId: id,
            subscriptions: list.map(one => ({ ...one, ...options })),
            properties: level === 5 ? properties : {},
          })
          const filters = list.map(one => one.filter)
          const { userProperties } = properties
          const own: Properties = userProperties === undefined ? {} : { userProperties }
          const unsubscribe = {
            cmd: 'unsubscribe',
            messageId: id,
            unsubscriptions: filters,
            properties: referenceProperties(own),
          }
          expect(decodeWhole(referenceGenerate(unsubscribe, level), level)).toEqual({
            type: 'unsubscribe',
            packetId: id,
            filters,
            properties: level === 5 ? own : {},
          })
        },
      ),
    )
  })

  test('DISCONNECT and AUTH are read with their properties [MQTT-3.14.2-1] [MQTT-3.15.2-1]', () => {
    fc.assert(
      fc.property(any.disconnectProperties(pairs), any.authProperties(pairs), (leaving, auth) => {
        const disconnect = { cmd: 'disconnect', reasonCode: 4, properties: referenceProperties(leaving) }
        expect(decodeWhole(referenceGenerate(disconnect, 5), 5)).toEqual({
          type: 'disconnect',
          reasonCode: 4,
          properties: leaving,
        })
        const packet = { cmd: 'auth', reasonCode: 0x18, properties: referenceProperties(auth) }
        expect(decodeWhole(referenceGenerate(packet, 5), 5)).toEqual({
          type: 'auth',
          reasonCode: 0x18,
          properties: auth,
        })
      }),
    )
  })

  test('the short forms of DISCONNECT are read as reason code 0 or the one given', () => {
    const plain = { type: 'disconnect', properties: {} }
    expect(decodeWhole(Buffer.from('e000', 'hex'), 4)).toEqual({ ...plain, reasonCode: 0 })
    expect(decodeWhole(Buffer.from('e000', 'hex'), 5)).toEqual({ ...plain, reasonCode: 0 })
    expect(decodeWhole(Buffer.from('e00104', 'hex'), 5)).toEqual({ ...plain, reasonCode: 4 })
    expect(decodeWhole(Buffer.from('c000', 'hex'), 4)).toEqual({ type: 'pingreq' })
  })

  test('flags in headers and repeats of MQTT 3.1, and the mark of a bridge, are taken', () => {
    const connect31 = Buffer.from('140f00064d51497364700302000a000170', 'hex')
    expect(decodeWhole(connect31, 0)).toMatchObject({ protocolLevel: 3, clientId: 'p' })
    expect(decodeWhole(Buffer.from('8a06000100017001', 'hex'), 3)).toMatchObject({
      type: 'subscribe',
    })
    expect(decodeWhole(Buffer.from('6a020001', 'hex'), 3)).toMatchObject({ type: 'pubrel' })
    const bridge = Buffer.from('100d00044d5154548402000a000170', 'hex')
    expect(decodeWhole(bridge, 0)).toMatchObject({ protocolLevel: 4, bridge: true })
  })
})

describe('packets of the server, read by mqtt-packet', () => {
  test('CONNACK has its reason code and properties, and the flag alone in its first byte [MQTT-3.2.2-1] [MQTT-3.2.2-8]', () => {
    fc.assert(
      fc.property(any.level, fc.boolean(), any.connackProperties(pairs), (level, sessionPresent, properties) => {
        const reasonCode = level === 5 ? 0x87 : 5
        const bytes = written(o => control.encodeConnack(o, { sessionPresent, reasonCode, properties }, level))
        const read = referenceParse(bytes, level)
        expect(read.sessionPresent).toBe(level === 3 ? false : sessionPresent)
        expect(level === 5 ? read.reasonCode : read.returnCode).toBe(reasonCode)
        if (level === 5) expect(comparable(read.properties)).toEqual(comparable(referenceProperties(properties)))
        else expect(bytes.length).toBe(4)
      }),
    )
  })

  test('SUBACK has the codes in order, 0x80 for any failure before 5.0 [MQTT-3.9.3-1] [MQTT-3.9.3-2]', () => {
    const codes = fc.array(fc.constantFrom(0, 1, 2, 0x80, 0x87, 0x8f, 0x97, 0x9e), { minLength: 1, maxLength: 200 })
    fc.assert(
      fc.property(
        any.level,
        any.packetId,
        codes,
        any.acknowledgementProperties(pairs),
        (level, id, list, properties) => {
          const packet = { packetId: id, reasonCodes: list, properties }
          const read = referenceParse(
            written(o => control.encodeSuback(o, packet, level)),
            level,
          )
          expect(read).toMatchObject({ cmd: 'suback', messageId: id })
          expect(read.granted).toEqual(level === 5 ? list : list.map(code => (code > 2 ? 0x80 : code)))
          if (level === 5) expect(comparable(read.properties)).toEqual(comparable(referenceProperties(properties)))
        },
      ),
    )
  })

  test('UNSUBACK has one code per filter in 5.0 and none before [MQTT-3.11.3-1] [MQTT-3.11.3-2]', () => {
    const codes = fc.array(fc.constantFrom(0, 0x11, 0x80, 0x87), { minLength: 1, maxLength: 200 })
    fc.assert(
      fc.property(
        any.level,
        any.packetId,
        codes,
        any.acknowledgementProperties(pairs),
        (level, id, list, properties) => {
          const bytes = written(o => control.encodeUnsuback(o, { packetId: id, reasonCodes: list, properties }, level))
          const read = referenceParse(bytes, level)
          expect(read).toMatchObject({ cmd: 'unsuback', messageId: id })
          if (level !== 5) expect(bytes.length).toBe(4)
          else {
            expect(read.granted).toEqual(list)
            expect(comparable(read.properties)).toEqual(comparable(referenceProperties(properties)))
          }
        },
      ),
    )
  })

  test('DISCONNECT and AUTH have their reason code and properties [MQTT-3.14.2-1] [MQTT-4.12.0-2]', () => {
    const leaving = any.disconnectProperties(pairs).filter(properties => Object.keys(properties).length > 0)
    fc.assert(
      fc.property(leaving, any.authProperties(pairs), (properties, auth) => {
        const disconnect = written(o => control.encodeDisconnect(o, { reasonCode: 0x9c, properties }, 5))
        const read = referenceParse(disconnect, 5)
        expect(read).toMatchObject({ cmd: 'disconnect', reasonCode: 0x9c })
        expect(comparable(read.properties)).toEqual(comparable(referenceProperties(properties)))
        const bytes = written(o => control.encodeAuth(o, { reasonCode: 0x18, properties: auth }, 5))
        const readAuth = referenceParse(bytes, 5)
        expect(readAuth).toMatchObject({ cmd: 'auth', reasonCode: 0x18 })
        expect(comparable(readAuth.properties)).toEqual(comparable(referenceProperties(auth)))
      }),
    )
  })

  test('the shortest form is written, an empty list of properties as its length where there must be one [MQTT-2.2.2-1]', () => {
    const hex = (write: (output: MemoryOutput) => unknown) => written(write).toString('hex')
    expect(hex(o => control.encodeConnack(o, { sessionPresent: false, reasonCode: 0 }, 5))).toBe('2003000000')
    expect(hex(o => control.encodeConnack(o, { sessionPresent: true, reasonCode: 0 }, 4))).toBe('20020100')
    expect(hex(o => control.encodeSuback(o, { packetId: 0x1234, reasonCodes: [1] }, 5))).toBe('900412340001')
    expect(hex(o => control.encodeUnsuback(o, { packetId: 0x1234, reasonCodes: [0x11] }, 5))).toBe('b00412340011')
    expect(hex(o => control.encodeDisconnect(o, {}, 5))).toBe('e000')
    expect(hex(o => control.encodeDisconnect(o, { reasonCode: 0x81 }, 5))).toBe('e00181')
    expect(hex(o => control.encodeAuth(o, { reasonCode: 0x18, properties: { authenticationMethod: 'x' } }, 5))).toBe(
      'f006180415000178',
    )
  })

  test('before 5.0 a server has no DISCONNECT and no AUTH', () => {
    const output = new MemoryOutput()
    expect(control.encodeDisconnect(output, { reasonCode: 0x81 }, 4)).toBe(false)
    expect(control.encodeAuth(output, { reasonCode: 0x18 }, 3)).toBe(false)
    expect(output.pendingBytes).toBe(0)
  })
})

describe("a client's maximum packet size", () => {
  const problem = { reasonString: 'because', userProperties: [['name', 'value']] as const }
  const writers: [
    string,
    (output: MemoryOutput, properties: typeof problem | {}, maximumPacketSize: number) => boolean,
  ][] = [
    [
      'CONNACK [MQTT-3.2.2-19] [MQTT-3.2.2-20]',
      (o, properties, maximumPacketSize) =>
        control.encodeConnack(o, { sessionPresent: false, reasonCode: 0x87, properties }, 5, { maximumPacketSize }),
    ],
    [
      'SUBACK [MQTT-3.9.2-1] [MQTT-3.9.2-2]',
      (o, properties, maximumPacketSize) =>
        control.encodeSuback(o, { packetId: 1, reasonCodes: [0x87], properties }, 5, { maximumPacketSize }),
    ],
    [
      'UNSUBACK [MQTT-3.11.2-1] [MQTT-3.11.2-2]',
      (o, properties, maximumPacketSize) =>
        control.encodeUnsuback(o, { packetId: 1, reasonCodes: [0x87], properties }, 5, { maximumPacketSize }),
    ],
    [
      'DISCONNECT [MQTT-3.14.2-3] [MQTT-3.14.2-4]',
      (o, properties, maximumPacketSize) =>
        control.encodeDisconnect(o, { reasonCode: 0x81, properties }, 5, { maximumPacketSize }),
    ],
    [
      'AUTH [MQTT-3.15.2-2] [MQTT-3.15.2-3]',
      (o, properties, maximumPacketSize) =>
        control.encodeAuth(o, { reasonCode: 0x18, properties }, 5, { maximumPacketSize }),
    ],
  ]

  test.each(writers)('first the reason string and then user properties are left out of %s', (_name, write) => {
    const all = written(o => write(o, problem, 1000))
    const pairsOnly = written(o => write(o, { userProperties: problem.userProperties }, 1000))
    const bare = written(o => write(o, {}, 1000))
    expect(written(o => write(o, problem, all.length))).toEqual(all)
    expect(written(o => write(o, problem, all.length - 1))).toEqual(pairsOnly)
    expect(written(o => write(o, problem, pairsOnly.length - 1))).toEqual(bare)
    const output = new MemoryOutput()
    expect(write(output, problem, bare.length - 1)).toBe(false)
    expect(output.pendingBytes).toBe(0)
  })

  test('no problem information asked for: only CONNACK and DISCONNECT still have it [MQTT-3.1.2-29]', () => {
    const limits = { problemInformation: false }
    const told = (bytes: Buffer) => bytes.includes('because')
    expect(
      told(
        written(o =>
          control.encodeConnack(o, { sessionPresent: false, reasonCode: 0x87, properties: problem }, 5, limits),
        ),
      ),
    ).toBe(true)
    expect(told(written(o => control.encodeDisconnect(o, { reasonCode: 0x87, properties: problem }, 5, limits)))).toBe(
      true,
    )
    expect(
      told(written(o => control.encodeSuback(o, { packetId: 1, reasonCodes: [0x87], properties: problem }, 5, limits))),
    ).toBe(false)
    expect(
      told(
        written(o => control.encodeUnsuback(o, { packetId: 1, reasonCodes: [0x87], properties: problem }, 5, limits)),
      ),
    ).toBe(false)
    expect(told(written(o => control.encodeAuth(o, { reasonCode: 0x18, properties: problem }, 5, limits)))).toBe(false)
  })
})
