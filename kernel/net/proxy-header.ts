import { isIPv4, isIPv6 } from 'node:net'

/**
 * What the first bytes of a proxied connection say. `source` is the client; undefined when the proxy does not tell
 * ('unknown') or speaks for itself ('local').
 */
export type ProxyHeader =
  | { readonly state: 'incomplete' }
  | { readonly state: 'invalid'; readonly reason: string }
  | {
      readonly state: 'complete'
      /** Bytes of the header; what follows is the client's. */
      readonly length: number
      readonly from: 'client' | 'unknown' | 'local'
      readonly source?: { readonly address: string; readonly port: number }
    }

/** A v2 header longer than this is refused: nobody needs that many TLVs, and they are read before anything is known. */
export const maxProxyHeaderBytes = 16 + 4096

/**
 * Reads the PROXY protocol header, v1 (text) or v2 (binary), that `bytes` begins with. Total: any bytes have an answer,
 * and more bytes never change a 'complete' or 'invalid' one.
 * Source: https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt
 */
export function parseProxyHeader(bytes: Buffer): ProxyHeader {
  if (bytes.length === 0) return incomplete
  return bytes[0] === signatureV2[0] ? parseV2(bytes) : parseV1(bytes)
}

const incomplete = { state: 'incomplete' } as const

function invalid(reason: string): ProxyHeader {
  return { state: 'invalid', reason }
}

const signatureV1 = Buffer.from('PROXY ')
const maxV1Bytes = 107
const lineV1 = /^PROXY (TCP4|TCP6) (\S+) (\S+) (0|[1-9]\d{0,4}) (0|[1-9]\d{0,4})$/

/** `PROXY TCP4 <source> <destination> <source port> <destination port> CR LF`, or `PROXY UNKNOWN ... CR LF`. */
function parseV1(bytes: Buffer): ProxyHeader {
  if (!startsLike(bytes, signatureV1)) return invalid('no PROXY header')
  const end = bytes.subarray(0, maxV1Bytes).indexOf('\r\n')
  if (end < 0) return bytes.length >= maxV1Bytes ? invalid('v1 header without an end') : incomplete
  const line = bytes.toString('latin1', 0, end)
  const length = end + 2
  if (line === 'PROXY UNKNOWN' || line.startsWith('PROXY UNKNOWN '))
    return { state: 'complete', length, from: 'unknown' }
  const [, family, address = '', destination = '', port, destinationPort] = lineV1.exec(line) ?? []
  const isAddress = family === 'TCP4' ? isIPv4 : isIPv6
  if (family === undefined || !isAddress(address) || !isAddress(destination)) return invalid('v1 header malformed')
  if (Number(port) > 65_535 || Number(destinationPort) > 65_535) return invalid('v1 port out of range')
  return { state: 'complete', length, from: 'client', source: { address, port: Number(port) } }
}

const signatureV2 = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
const fixedV2Bytes = 16
/** Source and destination address and port. */
const addressBytes = new Map([
  [0x11, 12],
  [0x21, 36],
])

/** Signature (12), version and command (1), family and transport (1), length of the rest (2), addresses, TLVs. */
function parseV2(bytes: Buffer): ProxyHeader {
  if (!startsLike(bytes, signatureV2)) return invalid('no PROXY header')
  const versionAndCommand = bytes[12]
  if (versionAndCommand === undefined) return incomplete
  if (versionAndCommand !== 0x20 && versionAndCommand !== 0x21) return invalid('v2 version or command unknown')
  const family = bytes[13]
  if (family === undefined) return incomplete
  const known = addressBytes.get(family)
  const local = versionAndCommand === 0x20
  // 0x00: unspecified; 0x31: a Unix socket. A datagram cannot have become a stream.
  if (!local && known === undefined && family !== 0x00 && family !== 0x31) return invalid('v2 family unknown')
  if (bytes.length < fixedV2Bytes) return incomplete
  const length = fixedV2Bytes + bytes.readUInt16BE(14)
  if (length > maxProxyHeaderBytes) return invalid('v2 header too long')
  if (!local && known !== undefined && length < fixedV2Bytes + known) return invalid('v2 header too short')
  if (bytes.length < length) return incomplete
  if (local) return { state: 'complete', length, from: 'local' }
  if (known === undefined) return { state: 'complete', length, from: 'unknown' }
  if (!areTlvs(bytes.subarray(fixedV2Bytes + known, length))) return invalid('v2 TLV length wrong')
  const addresses = bytes.subarray(fixedV2Bytes, fixedV2Bytes + known)
  const source =
    family === 0x11
      ? { address: addresses.subarray(0, 4).join('.'), port: addresses.readUInt16BE(8) }
      : { address: textOfV6(addresses.subarray(0, 16)), port: addresses.readUInt16BE(32) }
  return { state: 'complete', length, from: 'client', source }
}

/** Type (1), length (2), value; as many as fill the bytes exactly. */
function areTlvs(bytes: Buffer): boolean {
  let at = 0
  while (at + 3 <= bytes.length) at += 3 + bytes.readUInt16BE(at + 1)
  return at === bytes.length
}

/** The canonical text: the URL standard's serializer compresses zeros as RFC 5952 wants it. */
function textOfV6(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, at) => bytes.readUInt16BE(at * 2).toString(16))
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1)
}

/** Whether `bytes` is a prefix of the signature or begins with it. */
function startsLike(bytes: Buffer, signature: Buffer): boolean {
  const length = Math.min(bytes.length, signature.length)
  return bytes.compare(signature, 0, length, 0, length) === 0
}
