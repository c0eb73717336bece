import { BlockList, isIPv4 } from 'node:net'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isCidr, matchesCidr } from '../../../kernel/net/cidr.ts'

const address = fc.oneof(fc.ipV4(), fc.ipV6())

test('an address lies in a block exactly when the system says so', () => {
  const narrow = fc.tuple(fc.constantFrom('10.1.2.3', '10.1.130.3', '192.168.0.1', '2001:db8::1', '2001:db8:8000::1'))
  const pair = fc.oneof(
    fc.tuple(address, address),
    fc.tuple(narrow, narrow).map(([[a], [b]]) => [a, b] as const),
  )
  fc.assert(
    fc.property(pair, fc.nat(128), ([base, asked], bits) => {
      const family = isIPv4(base) ? 'ipv4' : 'ipv6'
      const prefix = Math.min(bits, family === 'ipv4' ? 32 : 128)
      const list = new BlockList()
      list.addSubnet(base, prefix, family)
      // Mapped addresses are compared below; here families stay apart.
      if (isIPv4(asked) !== isIPv4(base)) return true
      return matchesCidr(asked, `${base}/${prefix}`) === list.check(asked, family)
    }),
    { numRuns: 2_000 },
  )
})

test('an IPv4 address and its IPv6-mapped form are the same address', () => {
  expect(matchesCidr('::ffff:10.1.2.3', '10.0.0.0/8')).toBe(true)
  expect(matchesCidr('10.1.2.3', '::ffff:10.1.2.3')).toBe(true)
  expect(matchesCidr('::ffff:a01:203', '10.1.2.3')).toBe(true)
  expect(matchesCidr('10.1.2.3', '::/0')).toBe(true)
  expect(matchesCidr('::1', '0.0.0.0/0')).toBe(false)
})

test('an address with a zone lies where the address lies', () => {
  expect(matchesCidr('fe80::1%eth0', 'fe80::/10')).toBe(true)
})

test.each([
  '',
  '10.0.0',
  '10.0.0.0/',
  '10.0.0.0/33',
  '::/129',
  '10.0.0.0/-1',
  '10.0.0.0/08',
  'localhost',
  '10.0.0.0/8/8',
])('%j is not a block and matches nothing', text => {
  expect(isCidr(text)).toBe(false)
  expect(matchesCidr('10.0.0.1', text)).toBe(false)
})

test('what is not an address lies in no block', () => {
  expect(matchesCidr('unix', '0.0.0.0/0')).toBe(false)
})
