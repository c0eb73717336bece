import { once } from 'node:events'
import net from 'node:net'
import { describe, expect, test } from 'vitest'
import { Consumer, type ConsumerOptions } from '../../../../bridges/pulsar/client/consumer.ts'
import type { Entry } from '../../../../bridges/pulsar/client/incoming.ts'
import { Producer } from '../../../../bridges/pulsar/client/producer.ts'
import { ManualClock } from '../../../support/clock.ts'
import { clusterAt, forever, realHost, silent } from '../support/client-host.ts'
import { FakeBroker } from '../support/fake-broker.ts'
import { recorded } from './recorded.ts'

const topic = 'persistent://public/default/t'

describe('the login', () => {
  test('gives the token, and the same one when the broker asks again', async () => {
    await using broker = await FakeBroker.start()
    using cluster = clusterAt(broker.url, { token: 'secret' })
    await cluster.partitionsOf(topic, forever)
    const [peer] = broker.peers
    expect(peer?.said[0]?.fields).toMatchObject({
      clientVersion: 'RobustMQ-vtest',
      authMethodName: 'token',
      authData: Buffer.from('secret'),
      featureFlags: { supportsAuthRefresh: true },
    })
    const again = peer!.next('authResponse')
    peer!.send('authChallenge', { challenge: { authMethodName: 'token', authData: Buffer.alloc(0) } })
    expect((await again).fields).toMatchObject({
      response: { authMethodName: 'token', authData: Buffer.from('secret') },
    })
  })

  test('that is refused wants to be mended', async () => {
    await using broker = await FakeBroker.start({
      connect: (_, peer) =>
        peer.send('error', { requestId: 2 ** 64, error: 3, message: 'Unable to authenticate\n\tat stack' }),
    })
    using cluster = clusterAt(broker.url, { token: 'wrong' })
    await expect(cluster.partitionsOf(topic, forever)).rejects.toMatchObject({
      code: 'AuthenticationError',
      wants: 'mend',
      message: expect.stringMatching(/^the login at 127.0.0.1:\d+: AuthenticationError, Unable to authenticate$/),
    })
  })

  test('that is not answered ends after its time', async () => {
    const clock = new ManualClock()
    await using broker = await FakeBroker.start({ connect: () => {} })
    using cluster = clusterAt(broker.url, { connectMs: 5000 }, { ...realHost, clock })
    const heard = broker.connected().then(peer => peer.next('connect'))
    const failed = expect(cluster.partitionsOf(topic, forever)).rejects.toMatchObject({
      code: 'TIMEOUT',
      wants: 'repeat',
    })
    await heard
    await clock.advance(5000)
    await failed
    expect(clock.pending).toBe(0)
  })

  test('with what is no Pulsar broker says so', async () => {
    const server = net.createServer(socket => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')).listen(0, '127.0.0.1')
    await once(server, 'listening')
    using cluster = clusterAt(`pulsar://127.0.0.1:${(server.address() as net.AddressInfo).port}`)
    await expect(cluster.partitionsOf(topic, forever)).rejects.toThrow('Is it a Pulsar broker?')
    server.close()
  })

  test('goes to the next host when one does not answer', async () => {
    await using gone = await FakeBroker.start()
    const { port } = gone
    await gone[Symbol.asyncDispose]().catch(() => {})
    await using broker = await FakeBroker.start()
    using cluster = clusterAt(`pulsar://127.0.0.1:${port},127.0.0.1:${broker.port}`)
    expect(await cluster.partitionsOf(topic, forever)).toBe(0)
  })
})

describe('keep-alive', () => {
  test('answers a ping, asks after 30 s of silence, and ends after 30 more', async () => {
    const clock = new ManualClock()
    await using broker = await FakeBroker.start({ ping: () => {} })
    using cluster = clusterAt(broker.url, {}, { clock, logger: silent, version: 'test' })
    const connection = await cluster.ownerOf(topic, forever)
    const [peer] = broker.peers
    const pong = peer!.next('pong')
    peer!.send('ping', {})
    await pong
    await clock.advance(30_000)
    expect(connection.ended).toBeUndefined()
    const ping = peer!.next('ping')
    await clock.advance(30_000)
    await ping
    await clock.advance(30_000)
    expect(connection.ended).toMatchObject({
      code: 'TIMEOUT',
      message: expect.stringContaining('did not answer a ping'),
    })
    expect(clock.pending).toBe(0)
  })
})

test('a connection on which nothing comes for as long as an answer may take ends, so that another is tried', async () => {
  const clock = new ManualClock()
  await using broker = await FakeBroker.start({ partitionedMetadata: () => {} })
  using cluster = clusterAt(broker.url, { requestMs: 1000 }, { ...realHost, clock })
  const connection = await cluster.ownerOf(topic, forever)
  await clock.advance(1)
  const heard = broker.peers[0]!.next('partitionedMetadata')
  const failed = expect(cluster.partitionsOf(topic, forever)).rejects.toMatchObject({ code: 'TIMEOUT' })
  await heard
  await clock.advance(1000)
  await failed
  expect(connection.ended).toMatchObject({ code: 'TIMEOUT', wants: 'repeat' })
  expect(await cluster.ownerOf(topic, forever)).not.toBe(connection)
})

describe('the lookup', () => {
  test('follows redirects to the broker that serves the topic', async () => {
    await using owner = await FakeBroker.start()
    await using first = await FakeBroker.start({
      lookup: ({ requestId = 0 }, peer) => {
        peer.send('lookupResponse', { requestId, response: 0, brokerServiceUrl: owner.url, authoritative: true })
      },
    })
    using cluster = clusterAt(first.url)
    const connection = await cluster.ownerOf(topic, forever)
    expect(connection.where).toBe(`127.0.0.1:${owner.port}`)
    expect(owner.peers[0]?.said.at(-1)?.fields).toMatchObject({ topic, authoritative: true })
  })

  test('ends where redirects run in a circle', async () => {
    let asked = 0
    await using broker: FakeBroker = await FakeBroker.start({
      lookup: ({ requestId = 0 }, peer) => {
        asked++
        peer.send('lookupResponse', { requestId, response: 0, brokerServiceUrl: broker.url })
      },
    })
    using cluster = clusterAt(broker.url)
    await expect(cluster.ownerOf(topic, forever)).rejects.toMatchObject({ code: 'REDIRECTS', wants: 'repeat' })
    expect(asked).toBe(21)
    expect(broker.peers.length).toBe(1)
  })

  test('goes through a proxy that says so, which is told the broker', async () => {
    await using proxy = await FakeBroker.start({
      lookup: ({ requestId = 0 }, peer) => {
        const brokerServiceUrl = 'pulsar://inside:6650'
        peer.send('lookupResponse', { requestId, response: 1, brokerServiceUrl, proxyThroughServiceUrl: true })
      },
    })
    using cluster = clusterAt(proxy.url)
    const connection = await cluster.ownerOf(topic, forever)
    expect(connection.where).toBe(`127.0.0.1:${proxy.port}`)
    expect(proxy.peers[1]?.said[0]?.fields).toMatchObject({ proxyToBrokerUrl: 'pulsar://inside:6650' })
  })

  test.each([
    ['no address', {}, 'has no pulsar:// address'],
    ['an address of nothing', { brokerServiceUrl: 'ftp://x' }, 'is no address of Pulsar'],
    ['more partitions than there are', {}, 'more than 10000'],
  ])('of %s is refused', async (what, answer, reason) => {
    await using broker = await FakeBroker.start({
      lookup: ({ requestId = 0 }, peer) => peer.send('lookupResponse', { requestId, response: 1, ...answer }),
      partitionedMetadata: ({ requestId = 0 }, peer) =>
        peer.send('partitionedMetadataResponse', { requestId, partitions: 1e9, response: 0 }),
    })
    using cluster = clusterAt(broker.url)
    const asked: Promise<unknown> = what.includes('partitions')
      ? cluster.partitionsOf(topic, forever)
      : cluster.ownerOf(topic, forever)
    await expect(asked).rejects.toThrow(reason)
  })
})

describe('a producer', () => {
  const message = { value: Buffer.from('x') }
  const producerAt = (url: string, before?: { name: string; epoch: number }) =>
    Producer.open(clusterAt(url), topic, 'none', before, forever)

  test('numbers batches in the order in which they leave, also where a large one takes several turns', async () => {
    await using broker = await FakeBroker.start()
    // Every look at the time takes a millisecond, so that only a batch of less than a look is made in one turn.
    let now = 0
    const clock = { ...realHost.clock, now: () => now++ }
    using cluster = clusterAt(broker.url, {}, { ...realHost, clock })
    const producer = await Producer.open(cluster, topic, 'none', undefined, forever)
    const large = producer.send(Array.from({ length: 500 }, () => message))
    await Promise.all([large, producer.send([message])])
    const sent = broker.peers[0]?.said.filter(({ name }) => name === 'send').map(({ fields }) => fields)
    expect(sent).toMatchObject([
      { sequenceId: 0, numMessages: 1 },
      { sequenceId: 1, numMessages: 500 },
    ])
  })

  test('finds each receipt by its number, in whatever order they come', async () => {
    const held: number[] = []
    await using broker = await FakeBroker.start({
      send: ({ producerId = 0, sequenceId = 0 }, peer) => {
        held.push(sequenceId)
        if (held.length === 3)
          for (const one of held.reverse()) peer.send('sendReceipt', { producerId, sequenceId: one })
      },
    })
    const producer = await producerAt(broker.url)
    const done: number[] = []
    await Promise.all([0, 1, 2].map(number => producer.send([message]).then(() => done.push(number))))
    expect(done).toEqual([2, 1, 0])
  })

  test('waits for one who holds the topic alone', async () => {
    await using broker = await FakeBroker.start({
      producer: ({ requestId = 0 }, peer) => {
        peer.send('producerSuccess', { requestId, producerName: 'waiting', producerReady: false })
        peer.send('producerSuccess', { requestId, producerName: 'ready', producerReady: true })
      },
    })
    expect((await producerAt(broker.url)).identity).toEqual({ name: 'ready', epoch: 0 })
  })

  test('takes the place of the one before, so that what that had under way cannot come after it', async () => {
    await using broker = await FakeBroker.start()
    await producerAt(broker.url, { name: 'before', epoch: 4 })
    const opened = broker.peers[0]?.said.find(({ name }) => name === 'producer')
    expect(opened?.fields).toMatchObject({ producerName: 'before', epoch: 5, userProvidedProducerName: false })
  })

  test.each([
    ['closes the producer', 'ServiceNotReady'],
    ['ends the connection', 'CLOSED'],
    ['says nothing', 'TIMEOUT'],
  ])('fails what is under way when the broker %s, to be repeated', async (what, code) => {
    const clock = new ManualClock()
    await using broker = await FakeBroker.start({
      send: ({ producerId = 0 }, peer) => {
        if (code === 'ServiceNotReady') peer.send('closeProducer', { producerId, requestId: 1 })
        if (code === 'CLOSED') peer.socket.destroy()
      },
    })
    using cluster = clusterAt(broker.url, { requestMs: 1000 }, { ...realHost, clock })
    const producer = await Producer.open(cluster, topic, 'none', undefined, forever)
    const heard = broker.peers[0]!.next('send')
    const failed = expect(producer.send([message]), what).rejects.toMatchObject({ code, wants: 'repeat' })
    await heard
    if (code === 'TIMEOUT') await clock.advance(1000)
    await failed
    await expect(producer.send([message])).rejects.toMatchObject({ code })
  })

  test.each([
    [2, 'PersistenceError', 'repeat'],
    [4, 'AuthorizationError', 'reject'],
    [15, 'TopicTerminatedError', 'reject'],
    [22, 'NotAllowedError', 'reject'],
  ])('error %i of a broker is %s, to %s', async (error, code, wants) => {
    await using broker = await FakeBroker.start({
      send: ({ producerId = 0, sequenceId = 0 }, peer) =>
        peer.send('sendError', { producerId, sequenceId, error, message: 'why' }),
    })
    const producer = await producerAt(broker.url)
    await expect(producer.send([message])).rejects.toMatchObject({ code, wants, message: `not taken: ${code}, why` })
  })
})

describe('a consumer', () => {
  const options = {
    topic,
    subscription: 's',
    type: 'failover',
    from: 'earliest',
    maxMessages: 100,
    maxBytes: 1e6,
    onClosed: () => {},
  } as const

  async function consumerAt(broker: FakeBroker, more: Partial<ConsumerOptions> = {}) {
    const entries: Entry[] = []
    const consumer = await Consumer.open(
      clusterAt(broker.url),
      { ...options, onEntry: entry => entries.push(entry), ...more },
      forever,
    )
    return { consumer, entries, peer: broker.peers[0]! }
  }
  const flows = (peer: FakeBroker['peers'][number]) =>
    peer.said.flatMap(command => (command.name === 'flow' ? [command.fields.messagePermits ?? 0] : []))
  const settled = async (peer: FakeBroker['peers'][number]) => {
    const pong = peer.next('pong')
    peer.send('ping', {})
    await pong
  }

  test('asks for few until it knows how large they are, and for more as they are released', async () => {
    await using broker = await FakeBroker.start()
    const { consumer, entries, peer } = await consumerAt(broker)
    await settled(peer)
    expect(flows(peer)).toEqual([20])
    for (let count = 0; count < 6; count++) peer.socket.write(forConsumer(recorded('none batch'), peer))
    await settled(peer)
    expect(entries.length).toBe(6)
    for (const entry of entries) consumer.release(entry)
    await settled(peer)
    // Of six batches of three, one was released when all the room was asked for.
    expect(flows(peer)).toEqual([20, 100 - 2 - 15])
  })

  test('asks for no more than fit its bytes', async () => {
    await using broker = await FakeBroker.start()
    const { consumer, entries, peer } = await consumerAt(broker, { maxBytes: 1000 })
    peer.socket.write(forConsumer(recorded('none batch'), peer))
    await settled(peer)
    consumer.release(entries[0]!)
    await settled(peer)
    expect(flows(peer)).toEqual([20])
  })

  test('an acknowledgement that the broker refuses is an error', async () => {
    await using broker = await FakeBroker.start({
      ack: ({ requestId = 0, consumerId = 0 }, peer) =>
        peer.send('ackResponse', { requestId, consumerId, error: 1, message: 'no' }),
    })
    const { consumer } = await consumerAt(broker)
    await expect(consumer.acknowledge([{ ledgerId: 1n, entryId: 2n }], 'individual')).rejects.toMatchObject({
      code: 'MetadataError',
    })
  })

  test('is told when the broker closes it', async () => {
    await using broker = await FakeBroker.start()
    const closed: unknown[] = []
    const { consumer, peer } = await consumerAt(broker, { onClosed: error => closed.push(error.code) })
    const { consumerId = 0 } = peer.said.find(command => command.name === 'subscribe')!.fields as {
      consumerId?: number
    }
    peer.send('closeConsumer', { consumerId, requestId: 9 })
    await settled(peer)
    expect(closed).toEqual(['ServiceNotReady'])
    expect(consumer.ended?.wants).toBe('repeat')
  })
})

/** A recorded MESSAGE, for whatever number the consumer has here. */
function forConsumer(frame: Buffer, peer: FakeBroker['peers'][number]): Buffer {
  const subscribe = peer.said.find(command => command.name === 'subscribe')
  const { consumerId = 0 } = subscribe!.fields as { consumerId?: number }
  const copy = Buffer.from(frame)
  const at = copy.indexOf(Buffer.from([0x4a, 0x13, 0x08]))
  copy[at + 3] = consumerId
  return copy
}
