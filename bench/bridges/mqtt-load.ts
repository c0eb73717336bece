import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { CoreWaits } from './core-waits.ts'

export interface MqttLoad {
  readonly port: number
  readonly publishers: number
  /** Messages of each that are not acknowledged, at most. */
  readonly window: number
  readonly messages: number
  readonly bytes: number
  readonly topic: string
  /** Messages a second in all, on schedule; without it as many as are acknowledged. */
  readonly rate?: number
  /** Of whoever's waiting would be taken for the broker's; with a rate. */
  readonly waits?: CoreWaits
}

export interface MqttResult {
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Of those during which nobody waited for a processor, and how many of all they are. */
  readonly calm: { readonly p50Ms: number; readonly p99Ms: number; readonly part: number }
}

/** Short, so that what is due comes as from clients of their own time, not in bursts. */
const tickMs = 1
/** So that no client takes over from one before it. */
let clients = 0

/** Publishes with QoS 1; a payload begins with the publisher's own number of the message. */
export async function publish(load: MqttLoad): Promise<MqttResult> {
  const each = Math.floor(load.messages / load.publishers)
  const opened = await Promise.all(
    Array.from({ length: load.publishers }, (_, index) => Client.open(load, index, each)),
  )
  const began = performance.now()
  if (load.rate === undefined) for (const client of opened) client.fill()
  else await onSchedule(opened, load.rate, each, load.waits)
  await Promise.all(opened.map(client => client.done))
  const seconds = (performance.now() - began) / 1_000
  load.waits?.look()
  for (const client of opened) client.end()
  const answers = opened.flatMap(client => client.answers)
  const calm = answers.filter(({ sentAt, ms }) => load.waits?.calm(sentAt, sentAt + ms) !== false)
  return {
    perSecond: Math.round((each * opened.length) / seconds),
    ...percentilesOf(answers),
    calm: { ...percentilesOf(calm), part: calm.length / answers.length },
  }
}

function percentilesOf(answers: readonly Answer[]): { p50Ms: number; p99Ms: number } {
  const sorted = answers.map(({ ms }) => ms).sort((a, b) => a - b)
  const at = (part: number) => sorted[Math.floor(sorted.length * part)] ?? Number.NaN
  return { p50Ms: at(0.5), p99Ms: at(0.99) }
}

async function onSchedule(clients: readonly Client[], rate: number, each: number, waits?: CoreWaits): Promise<void> {
  const total = each * clients.length
  const began = performance.now()
  for (let sent = 0; sent < total; ) {
    const due = Math.min(total, Math.floor(((performance.now() - began) / 1_000) * rate))
    for (; sent < due; sent++) clients[sent % clients.length]?.send()
    for (const client of clients) client.flush()
    await new Promise(resolve => setTimeout(resolve, tickMs))
    waits?.look()
  }
}

/** A publish and its acknowledgement. */
interface Answer {
  readonly sentAt: number
  readonly ms: number
}

class Client {
  readonly answers: Answer[] = []
  readonly done: Promise<void>
  readonly #socket: Socket
  readonly #packet: Buffer
  readonly #idAt: number
  readonly #sentAt = new Float64Array(65_536)
  readonly #limit: number
  readonly #window: number
  readonly #scheduled: boolean
  #finish = () => {}
  #out: Buffer[] = []
  #sent = 0
  #acknowledged = 0
  #rest = 0

  private constructor(socket: Socket, { topic, bytes, window, rate }: MqttLoad, index: number, limit: number) {
    this.#socket = socket
    this.#limit = limit
    this.#window = window
    this.#scheduled = rate !== undefined
    const name = Buffer.from(`${topic}/${index}`)
    const length = 2 + name.length + 2 + bytes
    // PUBLISH, QoS 1; a length of two bytes is enough for what is sent here.
    this.#packet = Buffer.concat([
      Buffer.from([0x32, (length & 0x7f) | 0x80, length >> 7, name.length >> 8, name.length & 0xff]),
      name,
      Buffer.alloc(2 + bytes, ' '),
    ])
    this.#idAt = 5 + name.length
    this.done = new Promise(resolve => {
      this.#finish = resolve
    })
    socket.on('data', chunk => this.#acks(chunk))
  }

  static async open(load: MqttLoad, index: number, limit: number): Promise<Client> {
    const socket = connect({ port: load.port, host: '127.0.0.1', noDelay: true })
    // Named, for whoever reads it: the broker has closed it.
    socket.on('error', error => console.error(`publisher ${index}: ${error.message}`))
    await once(socket, 'connect')
    const id = Buffer.from(`bench-${++clients}`)
    const body = Buffer.concat([
      Buffer.from('\x00\x04MQTT\x04\x02\x00\x00\x00', 'latin1'),
      Buffer.from([id.length]),
      id,
    ])
    socket.write(Buffer.concat([Buffer.from([0x10, body.length]), body]))
    await once(socket, 'data')
    return new Client(socket, load, index, limit)
  }

  fill(): void {
    const until = Math.min(this.#limit, this.#acknowledged + this.#window)
    while (this.#sent < until) this.send()
    this.flush()
  }

  send(): void {
    const packet = Buffer.from(this.#packet)
    const id = (this.#sent % 65_535) + 1
    packet.writeUInt16BE(id, this.#idAt)
    packet.write(String(this.#sent), this.#idAt + 2)
    this.#sentAt[id] = performance.now()
    this.#out.push(packet)
    this.#sent++
  }

  flush(): void {
    if (this.#out.length > 0) this.#socket.write(Buffer.concat(this.#out))
    this.#out = []
  }

  end(): void {
    this.#socket.destroy()
  }

  /** Acknowledgements are four bytes each and come in order. */
  #acks(chunk: Buffer): void {
    this.#rest += chunk.length
    const now = performance.now()
    for (; this.#rest >= 4; this.#rest -= 4) {
      const id = (this.#acknowledged % 65_535) + 1
      const sentAt = this.#sentAt[id] ?? now
      this.answers.push({ sentAt, ms: now - sentAt })
      this.#acknowledged++
    }
    if (this.#acknowledged >= this.#limit) this.#finish()
    else if (!this.#scheduled) this.fill()
  }
}
