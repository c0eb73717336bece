import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Target } from '../target.ts'

export type Version = 'mqttv31' | 'mqttv311' | 'mqttv5'

type Place = Pick<Target, 'host' | 'port'>

export interface Message {
  readonly payload: string
  readonly qos: number
  readonly retain: boolean
  /** Content type, response topic, correlation data, expiry and user properties of MQTT 5.0, joined by '|'. */
  readonly properties?: string
}

const stepTimeoutMs = 10_000

/** A running mosquitto_sub whose messages are waited for. */
export class Subscriber {
  static #running = new Set<Subscriber>()
  /** Resolves when the process has ended. */
  readonly ended: Promise<unknown>
  #process: ChildProcess
  #log = ''
  #partial = ''
  #messages: Message[] = []
  #subscribed = false
  #isEnded = false
  #wake = () => {}

  /** Starts it and waits until the broker has acknowledged its subscriptions. */
  static async start({ host, port }: Place, version: Version, args: readonly string[]): Promise<Subscriber> {
    const format = version === 'mqttv5' ? 'MESSAGE\t%q\t%r\t%C|%R|%D|%E|%P\t%p' : 'MESSAGE\t%q\t%r\t\t%p'
    const own = ['-d', '-h', host, '-p', String(port), '-V', version, '-F', format]
    // Into a pipe it would print its log only when a buffer is full, unless stdbuf (coreutils) tells it otherwise.
    const command = ['-oL', 'mosquitto_sub', ...own, ...args]
    const subscriber = new Subscriber(spawn('stdbuf', command, { stdio: ['ignore', 'pipe', 'pipe'] }))
    await subscriber.#until('SUBACK', () => subscriber.#subscribed || undefined)
    return subscriber
  }

  /** Ends whatever a failed test left running. */
  static async endAll(): Promise<void> {
    await Promise.all([...Subscriber.#running].map(one => one.end('SIGKILL')))
  }

  constructor(process: ChildProcess) {
    this.#process = process
    Subscriber.#running.add(this)
    process.stdout?.on('data', bytes => this.#read(String(bytes)))
    process.stderr?.on('data', bytes => {
      this.#log += bytes
    })
    this.ended = once(process, 'close').then(() => {
      this.#isEnded = true
      Subscriber.#running.delete(this)
      this.#wake()
    })
  }

  next(): Promise<Message> {
    return this.#until('a message', () => this.#messages.shift())
  }

  /** The messages before the one with this payload. */
  async until(last: string): Promise<Message[]> {
    const got: Message[] = []
    for (;;) {
      const message = await this.next()
      if (message.payload === last) return got
      got.push(message)
    }
  }

  async end(signal: 'SIGINT' | 'SIGKILL'): Promise<void> {
    this.#process.kill(signal)
    await this.ended
  }

  #read(text: string): void {
    const lines = (this.#partial + text).split('\n')
    this.#partial = lines.pop() ?? ''
    for (const line of lines) {
      const [mark, qos, retain, properties, payload] = line.split('\t')
      if (mark === 'MESSAGE' && payload !== undefined) {
        const plain = { payload, qos: Number(qos), retain: retain === '1' }
        this.#messages.push(properties ? { ...plain, properties } : plain)
      } else {
        this.#log += `${line}\n`
        this.#subscribed ||= line.startsWith('Subscribed')
      }
    }
    this.#wake()
  }

  async #until<T>(what: string, attempt: () => T | undefined): Promise<T> {
    let late = false
    const timer = setTimeout(() => {
      late = true
      this.#wake()
    }, stepTimeoutMs)
    try {
      for (;;) {
        const found = attempt()
        if (found !== undefined) return found
        if (late || this.#isEnded) {
          const why = late ? `did not come within ${stepTimeoutMs} ms` : 'did not come before mosquitto_sub ended'
          throw new Error(`${what} ${why}; it printed:\n${this.#log}`)
        }
        await new Promise<void>(resolve => {
          this.#wake = resolve
        })
      }
    } finally {
      clearTimeout(timer)
    }
  }
}

export class Publisher {
  #own: readonly string[]

  constructor({ host, port }: Place, version: Version) {
    this.#own = ['-d', '-h', host, '-p', String(port), '-V', version]
  }

  /** Runs mosquitto_pub to its end; rejects when it fails, which an unacknowledged publish is too. */
  async run(args: readonly string[], input = ''): Promise<void> {
    const child = spawn('mosquitto_pub', [...this.#own, ...args], { timeout: stepTimeoutMs })
    let log = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', bytes => {
        log += bytes
      })
    }
    child.stdin.end(input)
    const [status, signal] = await once(child, 'close')
    if (status !== 0) throw new Error(`mosquitto_pub ended with ${status ?? signal}:\n${log}`)
  }
}
