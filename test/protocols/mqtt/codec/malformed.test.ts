import { describe, expect, test } from 'vitest'
import { closeOnly, PacketError } from '../../../../protocols/mqtt/codec/packet-error.ts'
import type { ProtocolLevel } from '../../../../protocols/mqtt/codec/packets.ts'
import { decodeWhole, withHeader } from './whole-packet.ts'

/** Hexadecimal, with 'text' standing for a string with its length and "text" for its bytes alone. */
function body(notation: string): Buffer {
  const parts = notation.match(/'[^']*'|"[^"]*"|[0-9a-fA-F]{2}|\S/g) ?? []
  return Buffer.concat(
    parts.map(part => {
      if (part.startsWith('"')) return Buffer.from(part.slice(1, -1))
      if (!part.startsWith("'")) return Buffer.from(part, 'hex')
      const text = Buffer.from(part.slice(1, -1))
      return Buffer.concat([Buffer.from([text.length >> 8, text.length & 0xff]), text])
    }),
  )
}

type Row = [what: string, level: ProtocolLevel | 0, header: number, body: string, reasonCode: number]

function refuses(rows: Row[]): void {
  test.each(rows)('%s', (_what, level, header, notation, reasonCode) => {
    let error: unknown
    try {
      decodeWhole(withHeader(header, body(notation)), level)
    } catch (thrown) {
      error = thrown
    }
    expect(error).toBeInstanceOf(PacketError)
    expect((error as PacketError).reasonCode).toBe(reasonCode)
  })
}

const protocol5 = "'MQTT' 05"
const protocol4 = "'MQTT' 04"

describe('refused CONNECT packets', () => {
  refuses([
    ['another protocol name [MQTT-3.1.2-1]', 0, 0x10, "'MQTU' 05 02 000a 00 'c'", 0x84],
    ['an empty protocol name', 0, 0x10, "'' 04 02 000a 'c'", closeOnly],
    ['level 2', 0, 0x10, "'MQTT' 02 02 000a 'c'", 0x84],
    ['level 6 [MQTT-3.1.2-2]', 0, 0x10, "'MQTT' 06 02 000a 00 'c'", 0x84],
    ['level 4 under the name of 3.1', 0, 0x10, "'MQIsdp' 04 02 000a 'c'", 0x84],
    ['level 3 under the name of 3.1.1', 0, 0x10, "'MQTT' 03 02 000a 'c'", 0x84],
    ['a bridge of 5.0', 0, 0x10, "'MQTT' 85 02 000a 00 'c'", 0x84],
    ['another packet first [MQTT-3.1.0-1]', 0, 0xc0, '', 0x82],
    ['flags in the header [MQTT-2.1.3-1]', 0, 0x11, `${protocol5} 02 000a 00 'c'`, 0x81],
    ['the reserved flag set [MQTT-3.1.2-3]', 0, 0x10, `${protocol5} 03 000a 00 'c'`, 0x81],
    ['a will QoS without a will [MQTT-3.1.2-11]', 0, 0x10, `${protocol5} 0a 000a 00 'c'`, 0x81],
    ['will retain without a will [MQTT-3.1.2-13]', 0, 0x10, `${protocol5} 22 000a 00 'c'`, 0x81],
    ['will QoS 3 [MQTT-3.1.2-12]', 0, 0x10, `${protocol5} 1e 000a 00 'c' 00 'w' 'p'`, 0x81],
    ['no client identifier [MQTT-3.1.3-3]', 0, 0x10, `${protocol5} 02 000a 00`, 0x81],
    ['a will flag and no will [MQTT-3.1.2-9]', 0, 0x10, `${protocol5} 06 000a 00 'c'`, 0x81],
    ['a will flag and no will payload [MQTT-3.1.2-9]', 0, 0x10, `${protocol5} 06 000a 00 'c' 00 'w'`, 0x81],
    ['an empty will topic [MQTT-4.7.3-1]', 0, 0x10, `${protocol5} 06 000a 00 'c' 00 '' 'p'`, closeOnly],
    ['a wildcard in the will topic [MQTT-4.7.0-1]', 0, 0x10, `${protocol4} 06 000a 'c' 'w/#' 'p'`, 0x81],
    ['ill-formed UTF-8 in the will topic [MQTT-3.1.3-11]', 0, 0x10, `${protocol4} 06 000a 'c' 0001 ff 'p'`, 0x81],
    ['a user name flag and no user name [MQTT-3.1.2-17]', 0, 0x10, `${protocol5} 82 000a 00 'c'`, closeOnly],
    ['a password flag and no password [MQTT-3.1.2-19]', 0, 0x10, `${protocol5} c2 000a 00 'c' 'u'`, closeOnly],
    ['a user name and no flag [MQTT-3.1.2-16]', 0, 0x10, `${protocol5} 02 000a 00 'c' 'u'`, 0x81],
    ['a password and no flag [MQTT-3.1.2-18]', 0, 0x10, `${protocol5} 82 000a 00 'c' 'u' 'p'`, 0x81],
    ['3.1.1: a password without a user name [MQTT-3.1.2-22]', 0, 0x10, `${protocol4} 42 000a 'c' 'p'`, 0x81],
    ['a surrogate in the client identifier [MQTT-3.1.3-4]', 0, 0x10, `${protocol5} 02 000a 00 0003 eda080`, 0x85],
    [
      'U+0000 in the user name [MQTT-1.5.4-2] [MQTT-3.1.3-12]',
      0,
      0x10,
      `${protocol5} 82 000a 00 'c' 0003 610062`,
      closeOnly,
    ],
    ['receive maximum 0', 0, 0x10, `${protocol5} 02 000a 03 210000 'c'`, 0x82],
    ['maximum packet size 0', 0, 0x10, `${protocol5} 02 000a 05 2700000000 'c'`, 0x82],
    ['request problem information 2', 0, 0x10, `${protocol5} 02 000a 02 1702 'c'`, 0x82],
    ['request response information 2', 0, 0x10, `${protocol5} 02 000a 02 1902 'c'`, 0x82],
    ['authentication data without a method', 0, 0x10, `${protocol5} 02 000a 04 16 'd' 'c'`, 0x82],
    ['a will property among the connect properties', 0, 0x10, `${protocol5} 02 000a 05 1800000001 'c'`, 0x82],
    ['a connect property among the will properties', 0, 0x10, `${protocol5} 06 000a 00 'c' 03 210001 'w' 'p'`, 0x82],
    ['a will property twice', 0, 0x10, `${protocol5} 06 000a 00 'c' 0a 1800000001 1800000001 'w' 'p'`, 0x82],
    ['payload format 2 of the will', 0, 0x10, `${protocol5} 06 000a 00 'c' 02 0102 'w' 'p'`, 0x82],
    ['properties longer than the packet', 0, 0x10, `${protocol5} 02 000a 7f 'c'`, 0x81],
  ])
  test('5.0 takes a password without a user name', () => {
    const bytes = withHeader(0x10, body(`${protocol5} 42 000a 00 'c' 'p'`))
    expect(decodeWhole(bytes, 0)).toMatchObject({ user: undefined, password: Buffer.from('p') })
  })
})

describe('refused PUBLISH packets', () => {
  refuses([
    ['QoS 3 [MQTT-3.3.1-4]', 5, 0x36, "'t' 0001 00", 0x81],
    ['DUP at QoS 0 [MQTT-3.3.1-2]', 5, 0x38, "'t' 00", 0x81],
    ['packet identifier 0 [MQTT-2.2.1-3]', 5, 0x32, "'t' 0000 00", 0x82],
    ['no packet identifier', 4, 0x32, "'t'", 0x81],
    ['no room for a topic', 4, 0x30, '00', 0x81],
    ['a topic longer than the packet', 4, 0x30, '0005 "t"', 0x81],
    ['an empty topic before 5.0 [MQTT-4.7.3-1]', 4, 0x30, "'' 00", 0x81],
    ['an empty topic and no alias', 5, 0x30, "'' 00", 0x81],
    ['topic alias 0 [MQTT-3.3.2-8]', 5, 0x30, "'t' 03 230000", 0x94],
    ['+ in the topic [MQTT-3.3.2-2]', 5, 0x30, "'a/+' 00", 0x81],
    ['# in the topic [MQTT-3.3.2-2]', 4, 0x30, "'a#'", 0x81],
    ['overlong UTF-8 in the topic [MQTT-3.3.2-1]', 4, 0x30, '0002 c0af', 0x81],
    ['a surrogate in the topic [MQTT-1.5.4-1]', 4, 0x30, '0003 eda080', 0x81],
    ['U+0000 in the topic [MQTT-4.7.3-2]', 4, 0x30, '0003 610062', 0x81],
    ['a control character in the topic', 4, 0x30, '0003 610162', 0x81],
    ['a non-character in the topic', 4, 0x30, '0003 efbfbf', 0x81],
    ['no properties where 5.0 has them', 5, 0x30, "'t'", 0x81],
    ['a wildcard in the response topic [MQTT-3.3.2-14]', 5, 0x30, "'t' 06 08 'a/#'", 0x82],
    ['ill-formed UTF-8 in the response topic [MQTT-3.3.2-13]', 5, 0x30, "'t' 04 08 0001ff", 0x81],
    ['ill-formed UTF-8 in the content type [MQTT-3.3.2-19]', 5, 0x30, "'t' 04 03 0001ff", 0x81],
    ['ill-formed UTF-8 in a user property [MQTT-1.5.7-1]', 5, 0x30, "'t' 07 26 'n' 0001ff", 0x81],
    ['a subscription identifier [MQTT-3.3.4-6]', 5, 0x30, "'t' 02 0b01", 0x82],
    ['payload format 2', 5, 0x30, "'t' 02 0102", 0x82],
    ['a repeated property', 5, 0x30, "'t' 04 0101 0101", 0x82],
    ['a repeated false property', 5, 0x30, "'t' 04 0100 0100", 0x82],
    ['a repeated empty property', 5, 0x30, "'t' 06 03'' 03''", 0x82],
    ['a property cut short by the end of the section', 5, 0x30, "'t' 03 020000 0001", 0x81],
    ['a user property cut short', 5, 0x30, "'t' 04 26 'n' 'v'", 0x81],
    ['a property of another packet', 5, 0x30, "'t' 05 1100000001", 0x82],
    ['a property that is cut short and of another packet', 5, 0x30, "'t' 01 11", 0x81],
    ['a property that does not exist', 5, 0x30, "'t' 02 0401", 0x81],
    ['property 0', 5, 0x30, "'t' 01 00", 0x81],
    ['a property identifier of two bytes', 5, 0x30, "'t' 03 810001", 0x81],
    ['a length of properties longer than needed [MQTT-1.5.5-1]', 5, 0x30, "'t' 8000", 0x81],
    ['a length of properties of five bytes', 5, 0x30, "'t' 8080808001", 0x81],
  ])
  test('1,001 user properties', () => {
    const property = body("26 'a' ''")
    const section = Buffer.concat(Array.from({ length: 1001 }, () => property))
    const length = Buffer.from([(section.length & 0x7f) | 0x80, section.length >> 7])
    const packet = withHeader(0x30, Buffer.concat([body("'t'"), length, section]))
    expect(() => decodeWhole(packet, 5)).toThrow(expect.objectContaining({ reasonCode: 0x97 }))
  })
  test('U+FEFF is kept, not taken for a byte order mark [MQTT-1.5.4-3]', () => {
    expect(decodeWhole(withHeader(0x30, body('0004 efbbbf74')), 4)).toMatchObject({ topic: '\ufefft' })
  })
})

describe('refused acknowledgements', () => {
  const types = [
    ['PUBACK', 0x40],
    ['PUBREC', 0x50],
    ['PUBREL [MQTT-3.6.2-1]', 0x62],
    ['PUBCOMP', 0x70],
  ] as const
  refuses(
    types.flatMap(([name, header]): Row[] => [
      [`${name}: packet identifier 0`, 5, header, '0000', 0x82],
      [`${name}: nothing`, 5, header, '', 0x81],
      [`${name}: one byte`, 4, header, '01', 0x81],
      [`${name}: a reason code before 5.0`, 4, header, '0001 00', 0x81],
      [`${name}: a reason code of none`, 5, header, '0001 ff', 0x82],
      [`${name}: flags in the header [MQTT-2.1.3-1]`, 5, header ^ 1, '0001', 0x81],
      [`${name}: properties longer than the packet`, 5, header, '0001 00 01', 0x81],
      [`${name}: bytes after the properties`, 5, header, '0001 00 00 00', 0x81],
      [`${name}: a reason string twice`, 5, header, "0001 00 06 1f'' 1f''", 0x82],
      [`${name}: a property of another packet`, 5, header, '0001 00 03 230001', 0x82],
    ]),
  )
  refuses([
    ['PUBREL without its flags [MQTT-3.6.1-1]', 5, 0x60, '0001', 0x81],
    ['PUBACK with a code of PUBREL', 5, 0x40, '0001 92', 0x82],
    ['PUBREL with a code of PUBACK', 5, 0x62, '0001 10', 0x82],
  ])
})

describe('refused SUBSCRIBE and UNSUBSCRIBE packets', () => {
  refuses([
    ['SUBSCRIBE without its flags [MQTT-3.8.1-1]', 5, 0x80, "0001 00 'f' 00", 0x81],
    ['no filter [MQTT-3.8.3-2]', 5, 0x82, '0001 00', 0x81],
    ['no options [MQTT-3.8.3-2]', 5, 0x82, "0001 00 'f'", 0x81],
    ['packet identifier 0 [MQTT-2.2.1-3]', 5, 0x82, "0000 00 'f' 00", 0x81],
    ['a filter with # before its end [MQTT-4.7.1-1]', 4, 0x82, "0001 'a/#/b' 00", 0x81],
    ['a filter with + beside something [MQTT-4.7.1-2]', 5, 0xa2, "0001 00 'a/+b'", 0x81],
    ['a share without a filter [MQTT-4.8.2-2]', 4, 0x82, "0001 '$share/g' 00", 0x82],
    ['a share without a name [MQTT-4.8.2-1]', 5, 0xa2, "0001 00 '$share//f'", 0x82],
    ['a wildcard as the name of a share [MQTT-4.8.2-2]', 5, 0x82, "0001 00 '$share/+/f' 00", 0x82],
    ['an empty filter [MQTT-4.7.3-1]', 5, 0x82, "0001 00 'f' 00 '' 00", 0x81],
    ['ill-formed UTF-8 in a filter [MQTT-3.8.3-1]', 5, 0x82, '0001 00 0001ff 00', 0x81],
    ['reserved options [MQTT-3.8.3-5]', 5, 0x82, "0001 00 'f' 40", 0x81],
    ['options of 5.0 before it', 4, 0x82, "0001 'f' 04", 0x81],
    ['QoS 3', 5, 0x82, "0001 00 'f' 03", 0x81],
    ['retain handling 3', 5, 0x82, "0001 00 'f' 30", 0x81],
    ['No Local on a shared subscription [MQTT-3.8.3-4]', 5, 0x82, "0001 00 '$share/g/f' 04", 0x82],
    ['subscription identifier 0', 5, 0x82, "0001 02 0b00 'f' 00", 0x81],
    ['two subscription identifiers', 5, 0x82, "0001 04 0b01 0b02 'f' 00", 0x82],
    ['a property of another packet', 5, 0x82, "0001 02 0101 'f' 00", 0x81],
    ['a subscription identifier longer than needed', 5, 0x82, "0001 03 0b8100 'f' 00", 0x81],
    ['bytes after the last filter', 4, 0x82, "0001 'f' 00 00", 0x81],
    ['UNSUBSCRIBE without its flags [MQTT-3.10.1-1]', 5, 0xa0, "0001 00 'f'", 0x81],
    ['UNSUBSCRIBE with no filter [MQTT-3.10.3-2]', 5, 0xa2, '0001 00', 0x81],
    ['UNSUBSCRIBE with an ill-formed filter [MQTT-3.10.3-1]', 5, 0xa2, '0001 00 0001ff', 0x81],
    ['UNSUBSCRIBE with packet identifier 0', 4, 0xa2, "0000 'f'", 0x81],
    ['UNSUBSCRIBE with a subscription identifier', 5, 0xa2, "0001 02 0b01 'f'", 0x81],
  ])
})

describe('other refused packets', () => {
  refuses([
    ['PINGREQ with content', 4, 0xc0, '00', closeOnly],
    ['PINGREQ with flags [MQTT-2.1.3-1]', 4, 0xc1, '', 0x81],
    ['DISCONNECT with flags [MQTT-3.14.1-1]', 5, 0xe1, '', 0x81],
    ['DISCONNECT with content before 5.0', 4, 0xe0, '00', 0x81],
    ['DISCONNECT with a reason of none [MQTT-3.14.2-1]', 5, 0xe0, '05', closeOnly],
    ["DISCONNECT with a server's reason [MQTT-3.14.2-1]", 5, 0xe0, '8b', closeOnly],
    ['DISCONNECT with bytes after its properties', 5, 0xe0, '00 00 00', 0x81],
    ['AUTH with flags [MQTT-3.15.1-1]', 5, 0xf1, "18 04 15 'm'", 0x81],
    ['AUTH before 5.0', 4, 0xf0, '', 0x81],
    ["AUTH with the server's code [MQTT-3.15.2-1]", 5, 0xf0, "00 04 15 'm'", 0x82],
    ['AUTH of nothing', 5, 0xf0, '', 0x82],
    ['AUTH of a code alone', 5, 0xf0, '18', 0x81],
    ['AUTH without a method', 5, 0xf0, '18 00', 0x82],
    ['a second CONNECT [MQTT-3.1.0-2]', 5, 0x10, `${protocol5} 02 000a 00 'c'`, 0x82],
    ["the server's CONNACK", 5, 0x20, '00 00 00', 0x82],
    ["the server's CONNACK with flags", 5, 0x29, '00 01', 0x82],
    ["the server's SUBACK with flags", 5, 0x91, '0001 00', 0x81],
    ["the server's SUBACK", 4, 0x90, '0001 00', 0x82],
    ["the server's UNSUBACK", 4, 0xb0, '0001', 0x82],
    ["the server's PINGRESP", 4, 0xd0, '', 0x82],
    ["the server's PINGRESP with content", 5, 0xd0, '00', closeOnly],
    ['packet type 0', 4, 0x00, '', 0x82],
  ])
})
