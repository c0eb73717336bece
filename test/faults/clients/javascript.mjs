// Load with MQTT.js that remembers what was acknowledged and what came: see ../fleet.ts for what it reads and prints.
import mqtt from 'mqtt'

const [host, port] = process.argv.slice(2)
const inFlight = 20
const acknowledgementsALine = 10
const versions = {
  '3.1.1': { protocolVersion: 4 },
  '5.0': { protocolVersion: 5, properties: { sessionExpiryInterval: 0xffff_ffff } },
}

let unreported = 0
function acknowledged() {
  if (++unreported < acknowledgementsALine) return
  console.log(`acknowledged ${unreported}`)
  unreported = 0
}

async function connected(version, role, onMessage = () => {}) {
  const options = { ...versions[version], clientId: `javascript-${version}-${role}`, clean: false, reconnectPeriod: 20 }
  const client = mqtt.connect({ host, port: Number(port), protocol: 'mqtt', connectTimeout: 5_000, ...options })
  client.on('message', onMessage)
  client.on('error', () => {}) // the broker is killed: connecting again is the library's business
  await new Promise(resolve => client.once('connect', resolve))
  return client
}

/** One publisher and one subscriber of one topic; both outlive every kill, and so does what they know. */
class Stream {
  sent = 0
  open = 0
  again = []
  stopped = false
  acknowledged = new Set()
  came = []
  #idle = () => {}
  #ended = () => {}

  /** reader: 'present' from the beginning, or 'absent' until the end, so that everything is queued. */
  constructor(version, qos, reader) {
    this.version = version
    this.qos = qos
    this.reader = reader
    this.topic = `load/javascript/${version}/${qos}/${reader}`
    this.ended = new Promise(resolve => {
      this.#ended = resolve
    })
  }

  async start() {
    await this.#read()
    await this.subscriber.subscribeAsync(this.topic, { qos: this.qos })
    if (this.reader === 'absent') await this.subscriber.endAsync()
    this.publisher = await this.#connected('writer')
  }

  async #read() {
    this.subscriber = await this.#connected('reader', (_topic, payload) => {
      if (String(payload) === 'end') this.#ended()
      else this.came.push(Number(payload))
    })
  }

  #connected(role, onMessage) {
    return connected(this.version, `${role}-${this.qos}-${this.reader}`, onMessage)
  }

  load() {
    while (this.open < inFlight && (this.again.length > 0 || !this.stopped)) {
      this.#publish(this.again.length > 0 ? this.again.shift() : this.sent++)
    }
  }

  #publish(number) {
    this.open++
    this.publisher.publish(this.topic, String(number), { qos: this.qos }, error => {
      this.open--
      if (error) {
        // What it is given while it repeats what it has, it drops when the connection ends then: in order, once more.
        this.again.push(number)
        setImmediate(() => this.load())
        return
      }
      this.acknowledged.add(number)
      acknowledged()
      if (this.stopped && this.open === 0 && this.again.length === 0) this.#idle()
      this.load()
    })
  }

  async finish() {
    this.stopped = true
    if (this.open + this.again.length > 0) {
      await new Promise(resolve => {
        this.#idle = resolve
      })
    }
    await this.publisher.publishAsync(this.topic, 'end', { qos: this.qos })
    if (this.reader === 'absent') await this.#read()
    await this.ended
  }

  report() {
    const { version, qos, reader, sent, acknowledged, came } = this
    return { client: `MQTT.js ${version}, ${reader} reader`, qos, sent, acknowledged: [...acknowledged], came }
  }
}

const streams = []
for (const version of Object.keys(versions)) {
  for (const qos of [1, 2]) for (const reader of ['present', 'absent']) streams.push(new Stream(version, qos, reader))
}
for (const stream of streams) await stream.start()
console.log('ready')
for (const stream of streams) stream.load()
process.stdin.once('data', async () => {
  for (const stream of streams) await stream.finish()
  console.log(`report ${JSON.stringify(streams.map(stream => stream.report()))}`)
  process.stdin.destroy()
  for (const stream of streams) for (const client of [stream.subscriber, stream.publisher]) await client.endAsync(true)
})
