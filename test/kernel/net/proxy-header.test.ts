import { isIPv4 } from 'node:net'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { maxProxyHeaderBytes, parseProxyHeader } from '../../../kernel/net/proxy-header.ts'

const port = fc.nat(65_535)
const v4 = fc.tuple(fc.ipV4(), fc.ipV4())
const v6Bytes = fc.uint8Array({ minLength: 16, maxLength: 16 })

function v1(source: string, sourcePort: number, destination = isIPv4(source) ? '10.0.0.1' : '::2'): Buffer {
  return Buffer.from(`PROXY ${isIPv4(source) ? 'TCP4' : 'TCP6'} ${source} ${destination} ${sourcePort} 1883\r\n`)
}

function v2(command: number, family: number, rest: Uint8Array): Buffer {
  const head = Buffer.from('\r\n\r\n\0\r\nQUIT\n\0\0\0\0', 'latin1')
  head[12] = command
  head[13] = family
  head.writeUInt16BE(rest.length, 14)
  return Buffer.concat([head, rest])
}

function v2v4(source: string, sourcePort: number, tlvs: Uint8Array = new Uint8Array()): Buffer {
  const addresses = Buffer.alloc(12)
  addresses.set(source.split('.').map(Number))
  addresses.writeUInt16BE(sourcePort, 8)
  return v2(0x21, 0x11, Buffer.concat([addresses, tlvs]))
}

const tlvs = fc
  .array(fc.tuple(fc.nat(255), fc.uint8Array({ maxLength: 300 })), { maxLength: 5 })
  .map(list =>
    Buffer.concat(
      list.map(([type, value]) => Buffer.concat([Buffer.from([type, value.length >> 8, value.length & 0xff]), value])),
    ),
  )

const headers = fc.oneof(
  fc.tuple(v4, port).map(([[source, destination], at]) => ({
    bytes: v1(source, at, destination),
    source: { address: source, port: at },
  })),
  fc.tuple(fc.ipV6(), port).map(([source, at]) => ({ bytes: v1(source, at), source: { address: source, port: at } })),
  fc.tuple(fc.ipV4(), port, tlvs).map(([source, at, extra]) => ({
    bytes: v2v4(source, at, extra),
    source: { address: source, port: at },
  })),
  fc.constantFrom('PROXY UNKNOWN\r\n', 'PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n').map(text => ({
    bytes: Buffer.from(text),
    source: undefined,
  })),
)

test('a header is complete at its last byte and at none before, whatever follows it', () => {
  fc.assert(
    fc.property(headers, fc.uint8Array({ maxLength: 50 }), ({ bytes, source }, after) => {
      for (let at = 0; at < bytes.length; at += 1) {
        expect(parseProxyHeader(bytes.subarray(0, at))).toEqual({ state: 'incomplete' })
      }
      const from = source === undefined ? { from: 'unknown' } : { from: 'client', source }
      expect(parseProxyHeader(Buffer.concat([bytes, after]))).toEqual({
        state: 'complete',
        length: bytes.length,
        ...from,
      })
    }),
    { numRuns: 200 },
  )
})

test('any bytes have an answer, and an answer never changes when more arrive', () => {
  const nearly = fc.tuple(headers, fc.nat(120), fc.nat(255)).map(([{ bytes }, at, value]) => {
    const spoiled = Buffer.from(bytes)
    spoiled[at % spoiled.length] = value
    return spoiled
  })
  fc.assert(
    fc.property(fc.oneof(nearly, fc.uint8Array({ maxLength: 200 }).map(Buffer.from)), bytes => {
      let settled: unknown
      for (let at = 0; at <= bytes.length; at += 1) {
        const answer = parseProxyHeader(bytes.subarray(0, at))
        if (settled === undefined && answer.state !== 'incomplete') settled = answer
        else if (settled !== undefined) expect(answer).toEqual(settled)
      }
    }),
    { numRuns: 2_000 },
  )
})

test('an IPv6 client in v2 has its canonical address', () => {
  fc.assert(
    fc.property(v6Bytes, port, (bytes, at) => {
      const rest = Buffer.alloc(36)
      rest.set(bytes)
      rest.writeUInt16BE(at, 32)
      const header = parseProxyHeader(v2(0x21, 0x21, rest))
      if (header.state !== 'complete') return false
      const groups = Array.from({ length: 8 }, (_, group) => rest.readUInt16BE(group * 2).toString(16)).join(':')
      expect(header.source?.port).toBe(at)
      expect(new URL(`http://[${header.source?.address}]`).host).toBe(new URL(`http://[${groups}]`).host)
    }),
  )
})

test('a proxy that speaks for itself (LOCAL) names no client, and its addresses are skipped', () => {
  expect(parseProxyHeader(v2(0x20, 0x00, new Uint8Array(7)))).toEqual({ state: 'complete', length: 23, from: 'local' })
})

test('a client behind a Unix socket or of no family is unknown', () => {
  expect(parseProxyHeader(v2(0x21, 0x31, new Uint8Array(216)))).toMatchObject({ from: 'unknown', length: 232 })
  expect(parseProxyHeader(v2(0x21, 0x00, new Uint8Array(3)))).toMatchObject({ from: 'unknown', length: 19 })
})

test.each([
  ['another protocol', Buffer.from('GET / HTTP/1.1\r\n')],
  ['a TLS hello', Buffer.from([0x16, 0x03, 0x01])],
  ['a v1 line without an end', Buffer.from(`PROXY TCP4 ${'1'.repeat(200)}`)],
  ['a v1 line with an end too late', Buffer.from(`PROXY UNKNOWN ${'x'.repeat(100)}\r\n`)],
  ['a v1 address of the other family', Buffer.from('PROXY TCP4 ::1 ::1 1 2\r\n')],
  ['a v1 address that is none', Buffer.from('PROXY TCP4 1.2.3 4.5.6.7 1 2\r\n')],
  ['a v1 port out of range', Buffer.from('PROXY TCP4 1.2.3.4 4.5.6.7 65536 2\r\n')],
  ['a v1 port with a leading zero', Buffer.from('PROXY TCP4 1.2.3.4 4.5.6.7 01 2\r\n')],
  ['a v1 line with two spaces', Buffer.from('PROXY TCP4  1.2.3.4 4.5.6.7 1 2\r\n')],
  ['v2 of another version', v2(0x11, 0x11, new Uint8Array(12))],
  ['v2 with an unknown command', v2(0x22, 0x11, new Uint8Array(12))],
  ['v2 over datagrams', v2(0x21, 0x12, new Uint8Array(12))],
  ['v2 too short for its addresses', v2(0x21, 0x11, new Uint8Array(11))],
  ['v2 with a TLV past its end', v2v4('1.2.3.4', 1, Uint8Array.of(4, 0, 5, 1))],
  ['v2 with half a TLV', v2v4('1.2.3.4', 1, Uint8Array.of(4, 0))],
  ['v2 longer than the limit', v2(0x21, 0x00, new Uint8Array(maxProxyHeaderBytes))],
])('%s is refused', (_what, bytes) => {
  expect(parseProxyHeader(bytes).state).toBe('invalid')
})
