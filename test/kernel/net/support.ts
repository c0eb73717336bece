import { once } from 'node:events'
import net, { type Socket } from 'node:net'
import {
  type Listener,
  type ListenerHost,
  Network,
  type NetworkLimits,
  openListener,
} from '../../../kernel/net/index.ts'
import type { Connection, Counter, Counters, Labels, ListenerOptions, Logger } from '../../../kernel/plugin.ts'
import { ManualClock } from '../../support/clock.ts'
import { memoryOf } from '../memory/memory-of.ts'

/** Counters whose values a test can ask for, summed over labels it does not name. */
export class TestCounters implements Counters {
  readonly #entries: { name: string; labels: Labels; counter: Counter; read?: () => number }[] = []

  counter(name: string, labels: Labels = {}): Counter {
    const found = this.#entries.find(
      entry => entry.name === name && JSON.stringify(entry.labels) === JSON.stringify(labels),
    )
    if (found !== undefined) return found.counter
    const counter = { value: 0 }
    this.#entries.push({ name, labels, counter })
    return counter
  }

  gauge(name: string, read: () => number, labels: Labels = {}): void {
    this.#entries.push({ name, labels, counter: { value: 0 }, read })
  }

  *all() {
    for (const { name, labels, counter, read } of this.#entries) {
      yield { name, labels, type: 'counter' as const, value: read?.() ?? counter.value }
    }
  }

  sum(name: string, labels: Labels = {}): number {
    let sum = 0
    for (const entry of this.all()) {
      if (entry.name === name && Object.entries(labels).every(([key, value]) => entry.labels[key] === value)) {
        sum += entry.value
      }
    }
    return sum
  }
}

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} }

export interface TestListener extends AsyncDisposable {
  readonly listener: Listener
  readonly network: Network
  readonly clock: ManualClock
  readonly counters: TestCounters
  readonly port: number
  /** The next connection that arrives, or arrived and was not asked for. */
  accepted(): Promise<Connection>
}

export interface TestOptions extends Partial<ListenerOptions> {
  readonly limits?: Partial<NetworkLimits>
  /** Budget of memory. Default: no limit. */
  readonly budgetBytes?: number
  readonly websocket?: ListenerHost['websocket']
  /** Default: every connection waits for `accepted()` and stays open until it is closed. */
  readonly serve?: (connection: Connection) => Promise<void>
}

/** Of listeners that say nothing of it; `raw-handles.test.ts` has the other tests of this folder run with them. */
export const defaults = { rawHandles: false }

/** A listener on a free port of the loopback interface; its end takes its connections with it. */
export async function startListener(options: TestOptions = {}): Promise<TestListener> {
  const clock = new ManualClock()
  const counters = new TestCounters()
  const { limits = {}, budgetBytes = 0, serve, websocket, ...listenerOptions } = options
  const network = new Network({
    clock,
    counters,
    logger: silent,
    memory: memoryOf({ clock, counters, budgetBytes }),
    limits,
  })
  const arrived: Connection[] = []
  const waiting: ((connection: Connection) => void)[] = []
  const open = new Set<Connection>()
  const listener = await openListener(
    { name: 'test', protocol: 'test', transport: 'tcp', host: '127.0.0.1', port: 0, ...defaults, ...listenerOptions },
    {
      network,
      ...(websocket === undefined ? {} : { websocket }),
      serve: connection => {
        open.add(connection)
        if (serve !== undefined) return serve(connection)
        const waiter = waiting.shift()
        if (waiter === undefined) arrived.push(connection)
        else waiter(connection)
        return gone(connection)
      },
    },
  )
  return {
    listener,
    network,
    clock,
    counters,
    port: listener.address().port,
    accepted: () => {
      const connection = arrived.shift()
      return connection === undefined ? new Promise(resolve => waiting.push(resolve)) : Promise.resolve(connection)
    },
    async [Symbol.asyncDispose]() {
      for (const connection of open) connection.destroy('the test is over')
      await listener.close()
    },
  }
}

/** Resolves with the reason when the connection is gone. */
export function gone(connection: Connection): Promise<void> {
  return new Promise(resolve => {
    if (connection.signal.aborted) resolve()
    else connection.signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

/** Sends back what arrives, until the connection is gone. */
export function echo(connection: Connection): Promise<void> {
  connection.receive(chunk => connection.output.write(Buffer.from(chunk)))
  return gone(connection)
}

export async function connectTcp(port: number): Promise<Socket> {
  const socket = net.connect({ port, host: '127.0.0.1', noDelay: true })
  await once(socket, 'connect')
  socket.on('error', () => {})
  return socket
}

/** Reads exactly `bytes` bytes, or rejects when the stream ends before. */
export function readBytes(socket: NodeJS.ReadableStream, bytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let read = Buffer.alloc(0)
    const finish = (done: () => void) => {
      socket.off('data', onData)
      socket.off('close', onClose)
      done()
    }
    const onData = (chunk: Buffer) => {
      read = Buffer.concat([read, chunk])
      if (read.length > bytes) finish(() => reject(new Error(`${read.length} bytes arrived instead of ${bytes}`)))
      else if (read.length === bytes) finish(() => resolve(read))
    }
    const onClose = () => finish(() => reject(new Error(`closed after ${read.length} of ${bytes} bytes`)))
    socket.on('data', onData)
    socket.on('close', onClose)
  })
}

/** Resolves when the socket is closed, however it came to that. */
export function closed(socket: Socket): Promise<void> {
  return new Promise(resolve => {
    if (socket.closed) resolve()
    else socket.once('close', () => resolve())
  })
}

/** Everything until the other side ends. */
export async function readToEnd(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = []
  socket.on('data', chunk => chunks.push(chunk))
  await closed(socket)
  return Buffer.concat(chunks)
}
