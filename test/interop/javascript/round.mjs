// One whole MQTT round against a broker with MQTT.js, in MQTT 3.1, 3.1.1 and 5.0.
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import mqtt from 'mqtt'

const stepTimeoutMs = 10_000
const versions = {
  3.1: { protocolId: 'MQIsdp', protocolVersion: 3 },
  '3.1.1': { protocolId: 'MQTT', protocolVersion: 4 },
  '5.0': { protocolId: 'MQTT', protocolVersion: 5 },
}

/** A client of MQTT.js whose answers are waited for instead of called back. */
class Peer {
  static opened = []
  #inbox = []
  #waiting = []

  constructor(url, options) {
    this.client = mqtt.connect(url, { reconnectPeriod: 0, connectTimeout: stepTimeoutMs, ...options })
    this.client.on('message', (_topic, _payload, packet) => {
      const waiting = this.#waiting.shift()
      if (waiting) waiting(packet)
      else this.#inbox.push(packet)
    })
    Peer.opened.push(this)
  }

  get count() {
    return this.#inbox.length
  }

  async connected() {
    const [connack] = await within('CONNACK', once(this.client, 'connect'))
    this.client.on('error', () => {}) // a later failure shows in the step that waits for its effect
    this.sessionPresent = connack.sessionPresent
    return this
  }

  async subscribe(filter, qos = 1) {
    const granted = await within('SUBACK', this.client.subscribeAsync(filter, { qos }))
    expect(granted[0].qos === qos, `SUBACK for ${filter} says ${granted[0].qos}, not granted QoS ${qos}`)
  }

  publish(topic, payload, options = {}) {
    const what = `acknowledgement of a QoS ${options.qos ?? 1} publish to ${topic}`
    return within(what, this.client.publishAsync(topic, payload, { qos: 1, ...options }))
  }

  receive(what) {
    if (this.#inbox.length > 0) return Promise.resolve(this.#inbox.shift())
    return within(what, new Promise(resolve => this.#waiting.push(resolve)))
  }

  async receivedUntil(last) {
    const got = []
    for (;;) {
      const message = await this.receive(`message "${last}" after ${got.length} others`)
      if (String(message.payload) === last) return got
      got.push(message)
    }
  }

  /** Ends the connection as a crash would: without DISCONNECT. */
  abort() {
    this.client.stream.destroy()
  }

  close() {
    return this.client.endAsync(!this.client.connected)
  }
}

class Round {
  passed = 0
  failed = 0

  constructor(target) {
    this.target = target
    this.url = `mqtt://${target.host}:${target.port}`
  }

  async step(version, name, run) {
    try {
      await run(version)
      this.passed += 1
      console.log(`ok   ${name}, MQTT ${version}`)
    } catch (error) {
      this.failed += 1
      console.log(`FAIL ${name}, MQTT ${version}: ${error.message}`)
    } finally {
      await Promise.all(Peer.opened.splice(0).map(peer => peer.close().catch(() => {})))
    }
  }

  open(version, role, { url = this.url, id = `js-${role}-${random()}`, clean = true, ...options } = {}) {
    const expiry = version === '5.0' && !clean ? { properties: { sessionExpiryInterval: 300 } } : {}
    const all = { ...versions[version], clientId: id, clean, keepalive: 30, ca: this.target.ca, ...expiry, ...options }
    return new Peer(url, all).connected()
  }

  async pair(version, topic, qos) {
    const subscriber = await this.open(version, 'sub')
    await subscriber.subscribe(topic, qos)
    return [subscriber, await this.open(version, 'pub')]
  }

  connect = async version => {
    const peer = await this.open(version, 'plain')
    expect(!peer.sessionPresent, 'CONNACK announces a session for a clean start')
  }

  qos = qos => async version => {
    const topic = freshTopic(`qos${qos}`)
    const [subscriber, publisher] = await this.pair(version, topic, qos)
    const sent = numbered('message', 20)
    for (const text of [...sent, 'last']) await publisher.publish(topic, text, { qos })
    const got = await subscriber.receivedUntil('last')
    expectSame(sent, got.map(text))
    expect(
      got.every(message => message.qos === qos),
      `received with QoS ${got.map(message => message.qos)}, not ${qos}`,
    )
  }

  retained = async version => {
    const topic = freshTopic('retained')
    const [live, publisher] = await this.pair(version, topic, 1)
    await publisher.publish(topic, 'kept', { retain: true })
    const first = await live.receive('live message')
    expect(!first.retain, 'the retain flag is set for a subscription that existed before')
    const late = await this.open(version, 'late')
    await late.subscribe(topic)
    const message = await late.receive('retained message')
    expect(text(message) === 'kept' && message.retain, `received "${text(message)}" with retain ${message.retain}`)
    await publisher.publish(topic, '', { retain: true })
    const later = await this.open(version, 'later')
    await later.subscribe(topic)
    await publisher.publish(topic, 'last')
    expect((await later.receivedUntil('last')).length === 0, 'a cleared retained message was sent')
  }

  will = async version => {
    const topic = freshTopic('will')
    const watcher = await this.open(version, 'watch')
    await watcher.subscribe(topic)
    const doomed = await this.open(version, 'doomed', {
      will: { topic, payload: Buffer.from('gone'), qos: 1, retain: false },
    })
    doomed.abort()
    expect(text(await watcher.receive('will')) === 'gone', 'the will has another payload')
  }

  resume = async version => {
    const topic = freshTopic('resume')
    const id = `js-resume-${random()}`
    const first = await this.open(version, 'first', { id, clean: false })
    expect(!first.sessionPresent, 'CONNACK announces a session that cannot exist')
    await first.subscribe(topic)
    await first.close()
    const publisher = await this.open(version, 'pub')
    const sent = numbered('offline', 5)
    for (const one of sent) await publisher.publish(topic, one)
    const again = await this.open(version, 'again', { id, clean: false })
    // MQTT 3.1 knows no session present flag: its byte of the CONNACK is reserved.
    expect(again.sessionPresent === (version !== '3.1'), `CONNACK says session present ${again.sessionPresent}`)
    await publisher.publish(topic, 'last')
    // Per topic the order of a publisher holds, also across the offline time. [MQTT-4.6.0-6]
    expectSame(sent, (await again.receivedUntil('last')).map(text))
    await again.close()
    await this.open(version, 'cleaner', { id }) // leaves no session behind
  }

  shared = async version => {
    const topic = freshTopic('shared')
    const members = [await this.open(version, 'member'), await this.open(version, 'member')]
    for (const member of members) {
      await member.subscribe(`$share/group/${topic}`)
      await member.subscribe(`${topic}/last`)
    }
    const publisher = await this.open(version, 'pub')
    const sent = numbered('shared', 20)
    for (const one of sent) await publisher.publish(topic, one)
    const deadline = Date.now() + stepTimeoutMs
    while (members[0].count + members[1].count < sent.length && Date.now() < deadline) await sleep(10)
    await publisher.publish(`${topic}/last`, 'last')
    const got = (await Promise.all(members.map(member => member.receivedUntil('last')))).flat().map(text)
    expectSame([...sent].sort(), got.sort())
  }

  properties = async version => {
    const topic = freshTopic('properties')
    const [subscriber, publisher] = await this.pair(version, topic, 1)
    const sent = {
      contentType: 'text/plain',
      responseTopic: 'answers/here',
      correlationData: Buffer.from([0, 1]),
      userProperties: { a: ['1', '2'], é: '日' },
    }
    await publisher.publish(topic, 'x', { properties: { ...sent, messageExpiryInterval: 60 } })
    const { messageExpiryInterval, ...got } = (await subscriber.receive('message')).properties
    expectSame(sent, got)
    expect(messageExpiryInterval > 0 && messageExpiryInterval <= 60, `expiry arrived as ${messageExpiryInterval}`)
  }

  transport = url => async version => {
    const topic = freshTopic('transport')
    const peer = await this.open(version, 'other', { url })
    await peer.subscribe(topic)
    const payload = randomBytes(100_000)
    await peer.publish(topic, payload)
    expect((await peer.receive('message')).payload.equals(payload), '100 000 bytes arrived changed')
  }
}

function expect(condition, what) {
  if (!condition) throw new Error(what)
}

function expectSame(sent, got) {
  const [wanted, found] = [JSON.stringify(sent), JSON.stringify(got)]
  expect(wanted === found, `sent ${wanted}, received ${found}`)
}

async function within(what, promise) {
  const late = Symbol('late')
  const found = await Promise.race([promise, sleep(stepTimeoutMs, late, { ref: false })])
  expect(found !== late, `no ${what} within ${stepTimeoutMs / 1000} s`)
  return found
}

const text = message => String(message.payload)
const numbered = (word, count) => Array.from({ length: count }, (_, n) => `${word} ${n}`)
const random = () => randomBytes(4).toString('hex')
const freshTopic = name => `round/javascript/${random()}/${name}`

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    tls: { type: 'string' },
    ca: { type: 'string' },
    ws: { type: 'string' },
    wss: { type: 'string' },
    'ws-path': { type: 'string', default: '/mqtt' },
  },
})
const [host, port] = positionals
const round = new Round({ host, port, ca: values.ca && readFileSync(values.ca) })
console.log(`javascript: mqtt ${createRequire(import.meta.url)('mqtt/package.json').version}`)
for (const version of Object.keys(versions)) {
  await round.step(version, 'connect', round.connect)
  for (const qos of [0, 1, 2]) await round.step(version, `QoS ${qos} publish and receive`, round.qos(qos))
  await round.step(version, 'retained message', round.retained)
  await round.step(version, 'will after an abrupt end', round.will)
  await round.step(version, 'session resumed with offline messages', round.resume)
  await round.step(version, 'shared subscription', round.shared)
  if (version === '5.0') await round.step(version, 'publish properties', round.properties)
  const path = values['ws-path']
  if (values.tls) await round.step(version, 'TLS', round.transport(`mqtts://${host}:${values.tls}`))
  if (values.ws) await round.step(version, 'WebSocket', round.transport(`ws://${host}:${values.ws}${path}`))
  if (values.wss) await round.step(version, 'secure WebSocket', round.transport(`wss://${host}:${values.wss}${path}`))
}
console.log(`${round.passed} passed, ${round.failed} failed`)
process.exit(round.failed > 0 || round.passed === 0 ? 1 : 0)
