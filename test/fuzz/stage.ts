import net from 'node:net'
import { Message } from '../../kernel/plugin.ts'
import { count, countsOf, type House, openHouse } from '../hostile/house.ts'
import { RawWebSocket } from '../hostile/raw-websocket.ts'
import { openTopics } from '../support/broker.ts'
import { openTransport } from '../support/wire-transport.ts'
import { Answers } from './answers.ts'
import type { Carrier, Script, Step } from './script.ts'

/** Filters that reach every topic that clients may publish to. */
const everything = ['#', ...openTopics.map(level => `${level}/#`)]
/** Sessions, delays and wills of the two clients are over after this. */
const longestMs = 10_000

interface Line {
  write(bytes: Buffer): void
  end(): void
  destroy(): void
  readonly closed: boolean
  /** Resolves when both sides know. */
  gone(): Promise<void>
}

/** A broker with a healthy pair of clients in it, before whom scripts are played. */
export class Stage implements AsyncDisposable {
  readonly #house: House
  readonly #thrown: unknown[]
  readonly #said: Set<string>
  readonly #before: string
  readonly #catch = (error: unknown) => {
    this.#thrown.push(error)
  }

  private constructor(house: House, thrown: unknown[], said: Set<string>) {
    this.#house = house
    this.#thrown = thrown
    this.#said = said
    this.#before = JSON.stringify(countsOf(house.kernel))
    process.on('uncaughtException', this.#catch)
    process.on('unhandledRejection', this.#catch)
  }

  static async open(storage: Script['storage']): Promise<Stage> {
    const thrown: unknown[] = []
    const said = new Set<string>()
    const log = (_: object, message: string) => void said.add(message.replace(/\d+|".*"/g, ''))
    // What is logged as an error is the broker's own mistake, not a client's.
    const error = (fields: object, message: string) => void thrown.push([message, fields])
    const at = { protocol: 'mqtt', host: '127.0.0.1', port: 0, transport: 'tcp' } as const
    const house = await openHouse({
      time: 'manual',
      storage,
      listeners: [{ ...at, name: 'proxied', proxyFrom: ['127.0.0.1'] }],
      kernel: {
        limits: { sessionExpiryMs: longestMs / 2, delayMs: longestMs },
        logger: { debug: log, info: log, warn: log, error },
      },
    })
    return new Stage(house, thrown, said)
  }

  /**
   * Plays it to its end, and checks what must hold afterwards. Returns how the broker behaved, in words: what it logged,
   * what it counted, what it answered. @throws what did not hold
   */
  async play(script: Script): Promise<string[]> {
    this.#said.clear()
    const before = this.#counts()
    const lines: [Line, Line] = [await this.#open(script), await this.#open(script)]
    for (const step of script.steps) await this.#act(step, script, lines)
    await this.#house.until(() => lines.every(({ closed }) => closed), 20)
    for (const line of lines) {
      line.destroy()
      await line.gone()
    }
    await this.#settle()
    if (this.#thrown.length > 0) throw new Error(`thrown: ${describe(this.#thrown.splice(0))}`)
    const failed = count(this.#house.kernel, 'net_connections_failed')
    if (failed > 0) throw new Error(`${failed} connections ended by an error of the broker's own`)
    await this.#intact()
    for (const [name, value] of this.#counts()) {
      const grown = value - (before.get(name) ?? 0)
      if (grown > 0) this.#said.add(`${name} ${Math.floor(Math.log2(grown))}`)
    }
    return [...this.#said]
  }

  /** What a client began may come to its end, on the disk, after the clients are gone: then its time passes once more. */
  async #intact(): Promise<void> {
    try {
      await this.#house.intact({}, 1_000)
    } catch (error) {
      if (JSON.stringify(countsOf(this.#house.kernel)) === this.#before) throw error
      await this.#settle()
      await this.#house.intact({}, 1_000)
    }
  }

  #counts(): Map<string, number> {
    const counters = [...this.#house.kernel.counters.all()].filter(({ type }) => type === 'counter')
    return new Map(counters.map(({ name, labels, value }) => [`${name} ${JSON.stringify(labels)}`, value]))
  }

  async #act(step: Step, script: Script, lines: [Line, Line]): Promise<void> {
    if (step.act === 'beat') return this.#house.until(() => false, 1)
    if (step.act === 'pass') return this.#house.broker.clock.advance(Math.min(step.ms, 60_000))
    const line = lines[step.client]
    if (step.act === 'send') line.write(step.bytes)
    else if (step.act === 'cut') line.destroy()
    else if (step.act === 'end') line.end()
    else {
      line.destroy()
      await line.gone()
      lines[step.client] = await this.#open(script)
    }
  }

  async #open({ carrier, level, answers }: Script): Promise<Line> {
    const reader = new Answers(level, what => this.#said.add(what))
    const line = await connect(carrier, this.#house, bytes => {
      // Bytes of a WebSocket that is written by hand hold more than packets.
      if (carrier === 'frames' || carrier === 'upgrade') return
      for (const answer of reader.to(bytes)) if (answers) line.write(answer)
    })
    return line
  }

  /** Wills, delayed messages and ends of sessions fall due, also those that are being stored just now; what is retained is cleared. */
  async #settle(): Promise<void> {
    const { kernel, broker } = this.#house
    const kept = ['delayed_messages', 'spool_references', 'retained_messages']
    const busy = () => kept.some(name => count(kernel, name) > 0) || count(kernel, 'sessions') > 2
    await this.#house.until(() => count(kernel, 'sessions_connected') === 2, 1_000)
    for (let round = 0; round < 50 && (round === 0 || busy()); round++) {
      await broker.clock.advance(longestMs + 1_000)
      const retained = everything.flatMap(filter => [...kernel.operations.retained('default', filter)])
      for (const { topic } of retained) {
        await kernel.space().publish(new Message({ topic, payload: Buffer.alloc(0), retain: true }))
      }
      await this.#house.until(() => !busy(), 20)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    process.off('uncaughtException', this.#catch)
    process.off('unhandledRejection', this.#catch)
    await this.#house[Symbol.asyncDispose]()
  }
}

async function connect(carrier: Carrier, { broker }: House, heard: (bytes: Buffer) => void): Promise<Line> {
  if (carrier === 'frames') {
    const raw = await new RawWebSocket(broker.wsPort).open()
    return socketLine(raw.socket)
  }
  if (carrier === 'ws') {
    const transport = await openTransport(broker.wsPort, { transport: 'ws' })
    let closed = false
    const gone = new Promise<void>(resolve => {
      transport.onClose = () => {
        closed = true
        resolve()
      }
    })
    transport.onBytes = heard
    return {
      write: bytes => closed || transport.write(bytes),
      end: () => transport.end(),
      destroy: () => transport.destroy(),
      gone: () => gone,
      get closed() {
        return closed
      },
    }
  }
  const listener = { tcp: 'tcp', proxied: 'proxied', upgrade: 'ws' }[carrier]
  const socket = net.connect({ port: broker.portOf(listener), host: '127.0.0.1', noDelay: true })
  socket.on('data', heard)
  await new Promise(resolve => socket.once('connect', resolve))
  return socketLine(socket)
}

function socketLine(socket: net.Socket): Line {
  const gone = new Promise<void>(resolve => socket.once('close', () => resolve()))
  socket.on('error', () => {})
  return {
    write: bytes => void (socket.writable && socket.write(bytes)),
    end: () => void socket.end(),
    destroy: () => void socket.destroy(),
    gone: () => gone,
    get closed() {
      return socket.destroyed
    },
  }
}

function describe(thrown: readonly unknown[]): string {
  return thrown.map(one => (one instanceof Error ? one.stack : JSON.stringify(one))).join('\n')
}
