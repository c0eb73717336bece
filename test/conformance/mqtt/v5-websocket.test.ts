import { once } from 'node:events'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { startBroker, type TestBroker } from '../../support/broker.ts'
import { frame, properties, text } from '../../support/bytes.ts'
import { type Wire, wire } from '../../support/wire.ts'
import { encode } from '../../support/wire-packet.ts'
import { client, expectDisconnect } from './clients.ts'

async function viaWebSocket(broker: TestBroker, transport: 'ws' | 'wss' = 'ws'): Promise<Wire> {
  const port = transport === 'ws' ? broker.wsPort : broker.wssPort
  const one = await wire(port, { transport, ...(transport === 'wss' && { ca: broker.ca }) })
  expect(await one.connect()).toMatchObject({ reasonCode: 0 })
  return one
}

const connect = encode(
  { cmd: 'connect', clientId: 'c', clean: true, keepalive: 0, protocolId: 'MQTT', protocolVersion: 5 },
  5,
)

/** A bare WebSocket past CONNACK. */
async function bare(broker: TestBroker): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${broker.wsPort}/mqtt`, ['mqtt'])
  await once(socket, 'open')
  socket.send(connect)
  await once(socket, 'message')
  return socket
}

test('the server selects the subprotocol mqtt, wherever it stands among those offered [MQTT-6.0.0-4] [3.1.1 MQTT-6.0.0-4]', async () => {
  await using broker = await startBroker({ websocket: true })
  for (const subprotocols of [['mqtt'], ['other', 'mqtt'], ['mqtt', 'other']]) {
    await using one = await wire(broker.wsPort, { transport: 'ws', subprotocols })
    expect(one.transport.subprotocol).toBe('mqtt')
    expect(await one.connect()).toMatchObject({ reasonCode: 0 })
  }
})

test('a client that offers only other subprotocols is refused [MQTT-6.0.0-4]', async () => {
  await using broker = await startBroker({ websocket: true })
  await expect(wire(broker.wsPort, { transport: 'ws', subprotocols: ['amqp'] })).rejects.toThrow('400')
})

test('the server sends binary frames only, and the whole round works [MQTT-6.0.0-1] [3.1.1 MQTT-6.0.0-1]', async () => {
  await using broker = await startBroker({ websocket: true })
  const socket = new WebSocket(`ws://127.0.0.1:${broker.wsPort}/mqtt`, ['mqtt'])
  await once(socket, 'open')
  const kinds: boolean[] = []
  socket.on('message', (_, isBinary) => kinds.push(isBinary))
  const bytes: Buffer[] = []
  socket.on('message', data => bytes.push(data as Buffer))
  socket.send(Buffer.concat([connect, frame(0x82, Buffer.from([0, 1]), properties(), text('t'), Buffer.from([0]))]))
  socket.send(Buffer.concat([frame(0x30, text('t'), properties(), Buffer.from('x')), Buffer.from([0xc0, 0])]))
  while (
    !Buffer.concat(bytes)
      .subarray(-2)
      .equals(Buffer.from([0xd0, 0]))
  )
    await once(socket, 'message')
  expect(Buffer.concat(bytes).includes('t\0x')).toBe(true)
  expect(kinds.every(Boolean)).toBe(true)
  socket.terminate()
})

test('a text frame closes the connection, before and after CONNECT, and touches nobody else [MQTT-6.0.0-1] [3.1.1 MQTT-6.0.0-1]', async () => {
  await using broker = await startBroker({ websocket: true })
  const healthy = await viaWebSocket(broker)
  const early = new WebSocket(`ws://127.0.0.1:${broker.wsPort}/mqtt`, ['mqtt'])
  await once(early, 'open')
  early.send('CONNECT')
  await once(early, 'close')
  const late = await bare(broker)
  late.send('\x00\x00', { binary: false })
  const [code] = await once(late, 'close')
  expect(code).toBe(1003)
  await healthy.nothing()
})

test('a text frame publishes the will, as any broken connection does', async () => {
  await using broker = await startBroker({ websocket: true })
  const watcher = await client(broker)
  await watcher.subscribe('will')
  const socket = new WebSocket(`ws://127.0.0.1:${broker.wsPort}/mqtt`, ['mqtt'])
  await once(socket, 'open')
  const will = { topic: 'will', payload: Buffer.from('x'), qos: 0, retain: false } as const
  const options = { clean: true, keepalive: 0, protocolId: 'MQTT', protocolVersion: 5 } as const
  socket.send(encode({ cmd: 'connect', clientId: 'c', ...options, will }, 5))
  await once(socket, 'message')
  socket.send('text')
  await watcher.next('publish')
})

test.each([1, 2, 3, 7])(
  'packets may be split over frames of %i bytes [MQTT-6.0.0-2] [3.1.1 MQTT-6.0.0-2]',
  async size => {
    await using broker = await startBroker({ websocket: true })
    const one = await wire(broker.wsPort, { transport: 'ws' })
    const bytes = Buffer.concat([
      connect,
      frame(0x82, Buffer.from([0, 1]), properties(), text('t'), Buffer.from([1])),
      frame(0x32, text('t'), Buffer.from([0, 2]), properties(), Buffer.from('hello')),
    ])
    for (let at = 0; at < bytes.length; at += size) one.sendRaw(bytes.subarray(at, at + size))
    await one.next('connack')
    await one.next('suback')
    expect((await one.take('publish')).text).toBe('hello')
    await one.take('puback')
  },
)

test('many packets may share one frame [MQTT-6.0.0-2] [3.1.1 MQTT-6.0.0-2]', async () => {
  await using broker = await startBroker({ websocket: true })
  const one = await wire(broker.wsPort, { transport: 'ws' })
  const publishes = Array.from({ length: 100 }, (_, i) => frame(0x30, text('t'), properties(), Buffer.from(`${i}`)))
  const subscribe = frame(0x82, Buffer.from([0, 1]), properties(), text('t'), Buffer.from([0]))
  one.sendRaw(Buffer.concat([connect, subscribe, ...publishes, Buffer.from([0xc0, 0])]))
  await one.next('connack')
  await one.next('suback')
  expect((await one.collect(100)).map(({ text }) => text)).toEqual(Array.from({ length: 100 }, (_, i) => `${i}`))
  await one.next('pingresp')
})

test('a message in fragments is one stream of bytes [MQTT-6.0.0-2]', async () => {
  await using broker = await startBroker({ websocket: true })
  const socket = new WebSocket(`ws://127.0.0.1:${broker.wsPort}/mqtt`, ['mqtt'])
  await once(socket, 'open')
  const answered = once(socket, 'message')
  for (let at = 0; at < connect.length; at++) {
    socket.send(connect.subarray(at, at + 1), { binary: true, fin: at === connect.length - 1 })
  }
  const [connack] = await answered
  expect((connack as Buffer)[0]).toBe(0x20)
  socket.terminate()
})

test('an empty frame means nothing', async () => {
  await using broker = await startBroker({ websocket: true })
  const one = await viaWebSocket(broker)
  one.sendRaw(Buffer.alloc(0))
  await one.nothing()
})

test('all QoS levels, large payloads and mistakes, as over TCP', async () => {
  await using broker = await startBroker({ websocket: true })
  const one = await viaWebSocket(broker)
  await one.subscribe('t', { qos: 2 })
  const payload = Buffer.alloc(200_000, 7)
  for (const qos of [0, 1, 2] as const) await one.publish('t', payload, { qos })
  for (const message of await one.collect(3)) expect(message.payload.equals(payload)).toBe(true)
  one.sendRaw('c100')
  await expectDisconnect(one, 0x81)
})

test('clients of TCP, TLS, WebSocket and secure WebSocket reach each other', async () => {
  await using broker = await startBroker({ websocket: true, tls: true })
  const overTls = await wire(broker.tlsPort, { transport: 'tls', ca: broker.ca })
  await overTls.connect()
  const all = [await client(broker), overTls, await viaWebSocket(broker), await viaWebSocket(broker, 'wss')]
  for (const one of all) await one.subscribe('t')
  for (const [i, one] of all.entries()) {
    await one.publish('t', `${i}`, { qos: 1 })
    for (const other of all) expect((await other.collect(1))[0]!.text).toBe(`${i}`)
  }
})
