import { isIPv4 } from 'node:net'

export function isLoopback(address: string): boolean {
  return address === '::1' || (address.startsWith('127.') && isIPv4(address))
}

/** The address without the IPv6 mapping that a dual-stack listener puts around IPv4 ones. */
export function plainAddress(address: string): string {
  const mapped = address.startsWith('::ffff:') ? address.slice(7) : ''
  return isIPv4(mapped) ? mapped : address
}
