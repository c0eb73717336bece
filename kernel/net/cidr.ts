import { isIP } from 'node:net'

/** A set of addresses: one address or a CIDR block, cut up once so that asking is cheap. */
export interface AddressBlock {
  readonly bytes: Uint8Array
  /** Of 128; an IPv4 block lives in ::ffff:0:0/96. */
  readonly prefixBits: number
}

/** The block that `10.0.0.0/8`, `2001:db8::/32` or a single address names; undefined when it is none of these. */
export function parseBlock(text: string): AddressBlock | undefined {
  const slash = text.indexOf('/')
  const bytes = parseAddress(slash < 0 ? text : text.slice(0, slash))
  if (bytes === undefined) return undefined
  if (slash < 0) return { bytes, prefixBits: 128 }
  const bits = text.slice(slash + 1)
  const most = text.includes(':') ? 128 : 32
  if (!/^(0|[1-9]\d{0,2})$/.test(bits) || Number(bits) > most) return undefined
  return { bytes, prefixBits: Number(bits) + 128 - most }
}

export function blockContains(block: AddressBlock, address: Uint8Array): boolean {
  const whole = block.prefixBits >> 3
  for (let at = 0; at < whole; at += 1) {
    if (block.bytes[at] !== address[at]) return false
  }
  const rest = block.prefixBits & 7
  if (rest === 0) return true
  const mask = 0xff << (8 - rest)
  return ((block.bytes[whole] ?? 0) & mask) === ((address[whole] ?? 0) & mask)
}

/** Sixteen bytes; IPv4 as ::ffff:a.b.c.d, so that both spellings of one address are equal. Ignores a zone (`%eth0`). */
export function parseAddress(text: string): Uint8Array | undefined {
  const zone = text.indexOf('%')
  const address = zone < 0 ? text : text.slice(0, zone)
  const family = isIP(address)
  if (family === 0) return undefined
  const bytes = new Uint8Array(16)
  if (family === 4) {
    bytes.set([0xff, 0xff, ...address.split('.').map(Number)], 10)
    return bytes
  }
  const [head = '', tail] = address.split('::')
  const front = groups(head)
  const back = tail === undefined ? [] : groups(tail)
  bytes.set(front)
  bytes.set(back, 16 - back.length)
  return bytes
}

function groups(text: string): number[] {
  if (text === '') return []
  return text.split(':').flatMap(group => {
    if (group.includes('.')) return group.split('.').map(Number)
    const value = Number.parseInt(group, 16)
    return [value >> 8, value & 0xff]
  })
}

/** True when the address lies in the block. False as well when either of them is malformed. */
export function matchesCidr(address: string, block: string): boolean {
  const parsed = parseBlock(block)
  const bytes = parseAddress(address)
  return parsed !== undefined && bytes !== undefined && blockContains(parsed, bytes)
}

/** True for an IP address and for a CIDR block. */
export function isCidr(text: string): boolean {
  return parseBlock(text) !== undefined
}
