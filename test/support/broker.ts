import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createKernel, type Kernel, type KernelOptions, type ListenerOptions } from '../../kernel/index.ts'
import { mqtt } from '../../protocols/mqtt/index.ts'
import { file } from '../../storage-plugins/file/index.ts'
import { certificates } from './certificates.ts'
import { ManualClock } from './clock.ts'
import { type Wire, type WireOptions, wire } from './wire.ts'
import { startWorkers, type TestWorkers } from './workers.ts'

/** Worker processes' worth of listeners that every broker of the tests has. Default: none, it serves its clients itself. */
const workers = Number(process.env.WORKERS ?? 0)

/** Whether plain TCP goes without Node's sockets. */
const rawHandles = process.env.RAW_HANDLES === '1'

export interface BrokerOptions {
  /** Also listens with TLS. */
  readonly tls?: boolean
  /** Also listens for WebSocket; with `tls`, for secure WebSocket. */
  readonly websocket?: boolean
  /** 'file': survives `restart`. Default: 'memory'. */
  readonly storage?: 'memory' | 'file'
  /** Options of the file storage. */
  readonly file?: Readonly<Record<string, unknown>>
  /** 'manual': time moves only by `clock.advance`. Default: the system's. */
  readonly time?: 'system' | 'manual'
  /** Options of the MQTT plugin. */
  readonly mqtt?: Readonly<Record<string, unknown>>
  readonly listeners?: readonly ListenerOptions[]
  readonly kernel?: Partial<KernelOptions>
}

/** What tests publish to, in order to show which filters reach a topic that begins with '$'. */
export const openTopics = ['$', '$a', '$mine', '$own', '$x', '$y']

/** Our broker in this process, on free ports of 127.0.0.1. */
export class TestBroker implements AsyncDisposable {
  kernel!: Kernel
  /** Moves the broker's time; only with `time: 'manual'`. */
  readonly clock = new ManualClock(Date.now())
  ca = ''
  readonly #options: BrokerOptions
  #workers: TestWorkers | undefined
  #directory: string | undefined

  constructor(options: BrokerOptions) {
    this.#options = options
  }

  get port(): number {
    return this.portOf('tcp')
  }

  get tlsPort(): number {
    return this.portOf('tls')
  }

  get wsPort(): number {
    return this.portOf('ws')
  }

  get wssPort(): number {
    return this.portOf('wss')
  }

  /** With workers, of the next one in turn: clients that connect one after the other are never all with the same. */
  portOf(listener: string): number {
    if (this.#workers) return this.#workers.portOf(listener)
    const found = this.kernel.listeners.find(({ name }) => name === listener)
    if (!found) throw new Error(`the test broker has no listener "${listener}"`)
    return found.port
  }

  /** A raw client, connected but silent. */
  async wire(options?: WireOptions): Promise<Wire> {
    await this.#workers?.settle()
    return wire(this.port, options)
  }

  async start(): Promise<this> {
    const { tls, websocket, storage, time } = this.#options
    const secure = tls ? await certificates() : undefined
    this.ca = secure?.ca ?? ''
    const at = { protocol: 'mqtt', host: '127.0.0.1', port: 0 }
    const listeners: ListenerOptions[] = [{ ...at, name: 'tcp', transport: 'tcp', rawHandles }]
    if (secure) listeners.push({ ...at, name: 'tls', transport: 'tls', tls: { cert: secure.cert, key: secure.key } })
    if (websocket) listeners.push({ ...at, name: 'ws', transport: 'ws' })
    if (secure && websocket) {
      listeners.push({ ...at, name: 'wss', transport: 'wss', tls: { cert: secure.cert, key: secure.key } })
    }
    if (storage === 'file') this.#directory ??= await mkdtemp(path.join(tmpdir(), 'broker-'))
    const options: KernelOptions = {
      protocols: [{ plugin: mqtt, options: { sysInterval: 0, ...this.#options.mqtt } }],
      listeners: [...listeners, ...(this.#options.listeners ?? [])],
      ...(this.#directory && {
        storage: { plugin: file, options: { directory: this.#directory, ...this.#options.file } },
      }),
      ...(time === 'manual' && { clock: this.clock }),
      ...this.#options.kernel,
      access: { openTopics, ...this.#options.kernel?.access },
    }
    if (workers > 0) {
      this.#workers = await startWorkers(options, workers)
      this.kernel = this.#workers.owner
    } else this.kernel = await createKernel(options)
    return this
  }

  /** Stops and starts again on the same data; ports change. */
  async restart(): Promise<void> {
    await this.kernel.close()
    await this.start()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kernel.close()
    if (this.#directory) await rm(this.#directory, { recursive: true, force: true })
  }
}

export function startBroker(options: BrokerOptions = {}): Promise<TestBroker> {
  return new TestBroker(options).start()
}
