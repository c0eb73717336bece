import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { partitionOfKey } from '../../../../bridges/pulsar/client/key-hash.ts'
import { readServiceUrl } from '../../../../bridges/pulsar/client/settings.ts'
import { fullTopicName } from '../../../../bridges/pulsar/client/topic-name.ts'

describe('a topic name', () => {
  test.each([
    ['orders', 'persistent://public/default/orders'],
    ['t/ns/orders', 'persistent://t/ns/orders'],
    ['persistent://t/ns/orders', 'persistent://t/ns/orders'],
    ['non-persistent://t/ns/x-partition-3', 'non-persistent://t/ns/x-partition-3'],
  ])('%s is completed', (name, full) => {
    expect(fullTopicName(name)).toBe(full)
  })

  test.each([
    '',
    'a/b',
    'persistent://orders',
    'kafka://t/ns/x',
    't/ns/a/b',
    'persistent://t/ns/',
    'a\nb',
    'x'.repeat(2000),
  ])('%j is refused', name => {
    expect(() => fullTopicName(name)).toThrow('Mend: write orders or')
  })
})

describe('a service URL', () => {
  test.each([
    ['pulsar://a', false, [{ host: 'a', port: 6650 }]],
    [
      'pulsar+ssl://a:1,b',
      true,
      [
        { host: 'a', port: 1 },
        { host: 'b', port: 6651 },
      ],
    ],
    ['pulsar://[::1]:7/', false, [{ host: '::1', port: 7 }]],
  ])('%s is read', (url, secure, service) => {
    expect(readServiceUrl(url)).toEqual({ secure, service })
  })

  test.each([
    '',
    'http://a',
    'pulsar://',
    'pulsar://a:0',
    'pulsar://a:99999',
    'pulsar://u@a',
    'pulsar://a/path',
    'pulsar://a,,b',
  ])('%j is refused', url => {
    expect(() => readServiceUrl(url)).toThrow('is no address of Pulsar')
  })
})

test("keys have the hashes that they have in Pulsar's Java client", () => {
  const file = new URL('./fixtures/hashes.json', import.meta.url)
  const known: { key: string; java: number; murmur3: number }[] = JSON.parse(readFileSync(file, 'utf8'))
  // So many partitions leave the hash as it is.
  const ours = ({ key }: { key: string }) => ({
    key,
    java: partitionOfKey(key, 2 ** 31, 'java'),
    murmur3: partitionOfKey(key, 2 ** 31, 'murmur3'),
  })
  expect(known.map(ours)).toEqual(known)
  expect(known.length).toBeGreaterThan(10)
  expect(partitionOfKey('hello', 7, 'java')).toBe(99162322 % 7)
})
