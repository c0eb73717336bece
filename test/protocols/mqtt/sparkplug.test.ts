import fc from 'fast-check'
import { expect, test } from 'vitest'
import { startBroker, type TestBroker } from '../../support/broker.ts'
import { client, messages, publishCode } from './client.ts'
import { filling } from './filling-storage.ts'

const nodeBirth = 'spBv1.0/Plant 1/NBIRTH/edge'
const deviceBirth = 'spBv1.0/Plant 1/DBIRTH/edge/pump'
const certificates = '$sparkplug/certificates/'

function aware(options = {}): Promise<TestBroker> {
  return startBroker({ mqtt: { sparkplug: true }, ...options })
}

test('an NBIRTH is kept as a retained message, byte for byte [tck-id-conformance-mqtt-aware-store] [tck-id-conformance-mqtt-aware-nbirth-mqtt-topic] [tck-id-conformance-mqtt-aware-nbirth-mqtt-retain]', async () => {
  await using broker = await aware()
  await using edge = await client(broker)
  await using host = await client(broker)
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 300 }), fc.constantFrom(0, 1, 2), async (birth, qos) => {
      await edge.publish(nodeBirth, birth, { qos: qos as 0 | 1 | 2 })
      await edge.ping()
      await host.subscribe(`${certificates}${nodeBirth}`)
      const certificate = await host.next('publish')
      expect(certificate.topic).toBe(`${certificates}${nodeBirth}`)
      expect(certificate.retain).toBe(true)
      expect(new Uint8Array(certificate.payload as Buffer)).toEqual(birth)
      await host.unsubscribe(`${certificates}${nodeBirth}`)
    }),
    { numRuns: 30 },
  )
})

test('a DBIRTH is kept as a retained message [tck-id-conformance-mqtt-aware-store] [tck-id-conformance-mqtt-aware-dbirth-mqtt-topic] [tck-id-conformance-mqtt-aware-dbirth-mqtt-retain]', async () => {
  await using broker = await aware()
  await using edge = await client(broker)
  await edge.publish(deviceBirth, 'device', { qos: 1 })
  await using host = await client(broker)
  await host.subscribe(`${certificates}#`)
  expect(await host.next('publish')).toMatchObject({ topic: `${certificates}${deviceBirth}`, retain: true })
})

test('the birth itself is delivered as it came, and not retained [tck-id-conformance-mqtt-aware-basic]', async () => {
  await using broker = await aware()
  await using host = await client(broker)
  await host.subscribe('spBv1.0/#')
  await using edge = await client(broker)
  await edge.publish(nodeBirth, 'birth')
  expect(await host.next('publish')).toMatchObject({ topic: nodeBirth, retain: false, payload: Buffer.from('birth') })
  await using late = await client(broker)
  await late.subscribe('spBv1.0/#')
  await late.nothing()
})

test('a newer birth replaces the older; other Sparkplug messages keep nothing', async () => {
  await using broker = await aware()
  await using edge = await client(broker)
  await edge.publish(nodeBirth, 'old')
  await edge.publish(nodeBirth, 'new')
  const others = [
    ...['spBv1.0/g/NDATA/edge', 'spBv1.0/g/NDEATH/edge', 'spBv1.0/g/DDEATH/edge/pump', 'spBv1.0/STATE/host'],
    ...['spBv1.0/g/NBIRTH', 'spBv1.0/g/NBIRTH/a/b', 'spBv1.0/g/DBIRTH/edge', 'spBv1.0/g/DBIRTH/a/b/c'],
    ...['spAv1.0/g/NBIRTH/edge', 'x/spBv1.0/g/NBIRTH/edge'],
  ]
  for (const topic of others) await edge.publish(topic, 'x', { qos: 1 })
  await using host = await client(broker)
  await host.subscribe(`${certificates}#`)
  await host.ping()
  expect(messages(host)).toEqual([[`${certificates}${nodeBirth}`, 'new']])
})

test('subscribers to certificates hear of a birth at once', async () => {
  await using broker = await aware()
  await using host = await client(broker)
  await host.subscribe(`${certificates}#`)
  await using edge = await client(broker)
  await edge.publish(nodeBirth, 'birth')
  expect(await host.next('publish')).toMatchObject({ topic: `${certificates}${nodeBirth}` })
})

test('clients may not write certificates, nor clear them', async () => {
  await using broker = await aware()
  await using edge = await client(broker)
  await edge.publish(nodeBirth, 'birth', { qos: 1 })
  for (const payload of ['forged', '']) {
    expect(await publishCode(edge, `${certificates}${nodeBirth}`, payload, { retain: true })).toBe(0x87)
  }
  // An empty payload is no birth, and clears nothing either.
  await edge.publish(nodeBirth, '', { qos: 1 })
  await using host = await client(broker)
  await host.subscribe(`${certificates}#`)
  await host.ping()
  expect(messages(host)).toEqual([[`${certificates}${nodeBirth}`, 'birth']])
})

test('who may not publish a birth leaves no certificate', async () => {
  await using broker = await aware({
    kernel: { access: { rules: [{ effect: 'deny', action: 'publish', filters: ['spBv1.0/#'] }], noMatch: 'allow' } },
  })
  await using edge = await client(broker)
  expect(await publishCode(edge, nodeBirth, 'birth')).toBe(0x87)
  await edge.publish(nodeBirth, 'birth')
  await edge.subscribe(`${certificates}#`)
  await edge.nothing()
})

test('a birth whose certificate cannot be stored is not acknowledged as taken [tck-id-conformance-mqtt-aware-store]', async () => {
  const disk = { full: false }
  await using broker = await aware({ kernel: { storage: { plugin: filling(disk) } } })
  await using edge = await client(broker)
  disk.full = true
  expect(await publishCode(edge, nodeBirth)).toBe(0x97)
  expect(await publishCode(edge, 'spBv1.0/Plant 1/NDATA/edge')).toBeLessThan(0x80)
  disk.full = false
  expect(await publishCode(edge, nodeBirth)).toBeLessThan(0x80)
})

test('certificates survive a restart: a birth acknowledged is a certificate stored', async () => {
  await using broker = await aware({ storage: 'file' })
  const edge = await client(broker)
  await edge.publish(nodeBirth, 'node', { qos: 1 })
  await edge.publish(deviceBirth, 'device', { qos: 2 })
  await broker.restart()
  await using host = await client(broker)
  await host.subscribe(`${certificates}#`)
  await host.ping()
  expect(new Map(messages(host))).toEqual(
    new Map([
      [`${certificates}${nodeBirth}`, 'node'],
      [`${certificates}${deviceBirth}`, 'device'],
    ]),
  )
})

test('a birth that is delayed is a certificate when it is published, not before', async () => {
  await using broker = await aware({ time: 'manual' })
  await using edge = await client(broker)
  await edge.subscribe(`${certificates}#`)
  await edge.publish(`$delayed/5/${nodeBirth}`, 'birth', { qos: 1 })
  await edge.nothing()
  await broker.clock.advance(5_000)
  expect(await edge.next('publish')).toMatchObject({ topic: `${certificates}${nodeBirth}` })
})

test('an NDEATH is the edge node’s will, delivered as it was registered [tck-id-conformance-mqtt-will-messages]', async () => {
  await using broker = await aware()
  await using host = await client(broker)
  await host.subscribe('spBv1.0/#', { qos: 1 })
  const death = { topic: 'spBv1.0/g/NDEATH/edge', payload: Buffer.from([1, 2, 0xff]), qos: 1, retain: false } as const
  const edge = await client(broker, { will: death })
  await edge.drop()
  expect(await host.next('publish')).toMatchObject({ topic: death.topic, payload: death.payload, qos: 1 })
})

test('without the option nothing is kept, and the tree is still the server’s', async () => {
  await using broker = await startBroker()
  await using edge = await client(broker)
  await edge.publish(nodeBirth, 'birth', { qos: 1 })
  expect(await publishCode(edge, `${certificates}x`, 'x')).toBe(0x87)
  await edge.subscribe(`${certificates}#`)
  await edge.nothing()
})
