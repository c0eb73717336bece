import { isIPv4 } from 'node:net'
import { matchesCidr } from './cidr.ts'

export function isLoopback(address: string): boolean {
  return address === '::1' || matchesCidr(address, '127.0.0.0/8')
}

/** The address without the IPv6 mapping that a dual-stack listener puts around IPv4 ones. */
export function plainAddress(address: string): string {
  const mapped = address.startsWith('::ffff:') ? address.slice(7) : ''
  return isIPv4(mapped) ? mapped : address
}
