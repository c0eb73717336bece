import type { Socket } from 'node:net'
import { SocketPeer } from '../../kernel/cluster/socket-peer.ts'
import type { KernelOptions } from '../../kernel/index.ts'
import { createOwner, type Owner } from '../../kernel/workers/owner.ts'
import { asksOwner } from '../../kernel/workers/words.ts'
import { startWorker, type Worker } from '../../kernel/workers/worker.ts'
import { socketPair } from './socket-pair.ts'

/** Far more than anything takes. */
const mostTurns = 100_000

/**
 * An owner and workers in this process, over the sockets that real ones have: tests need the broker's clock, alarms and
 * events in their hands. Each worker has ports of its own, and they are given out in turn.
 */
export class TestWorkers {
  readonly owner: Owner
  readonly workers: Worker[] = []
  readonly #links: SocketPeer[] = []
  /** By worker, the owner's end of its link, and its own. */
  readonly #sockets: (readonly [owner: Socket, worker: Socket])[] = []
  readonly #turns = new Map<string, number>()

  constructor(owner: Owner) {
    this.owner = owner
  }

  async add(options: KernelOptions, number: number): Promise<void> {
    const [here, there] = await socketPair()
    this.#sockets.push([here, there])
    const { ready } = this.owner.serve(new SocketPeer(`worker-${number}`, here))
    const { protocols, listeners = [], clock, logger } = options
    const link = new SocketPeer('owner', there)
    this.#links.push(link)
    const worker = await startWorker(link, {
      protocols,
      listeners,
      ...(clock && { clock }),
      ...(logger && { logger }),
      ended: () => {},
    })
    await ready
    this.workers.push(worker)
  }

  /**
   * Resolves when what clients did before is known everywhere. With one process it is as soon as they see an answer;
   * tests are about what it leads to, and not about the tenth of a millisecond that a link takes.
   */
  async settle(): Promise<void> {
    for (const link of this.#links) await link.request(asksOwner.hello, undefined).catch(() => {})
  }

  /** The worker reads nothing of what the owner says. */
  freeze(worker: number): void {
    this.#socket(worker, 1).pause()
  }

  thaw(worker: number): void {
    this.#socket(worker, 1).resume()
  }

  /** The owner reads nothing of what this worker says. */
  freezeOwner(worker: number): void {
    this.#socket(worker, 0).pause()
  }

  thawOwner(worker: number): void {
    this.#socket(worker, 0).resume()
  }

  cut(worker: number): void {
    this.#socket(worker, 0).destroy()
  }

  /** What the owner has said to the worker. */
  sentBytes(worker: number): number {
    return this.#socket(worker, 0).bytesWritten
  }

  workerSentBytes(worker: number): number {
    return this.#socket(worker, 1).bytesWritten
  }

  /** What the owner has to say to the worker, and cannot. */
  pendingBytes(worker: number): number {
    return this.#socket(worker, 0).writableLength
  }

  workerPendingBytes(worker: number): number {
    return this.#links[worker]?.pendingBytes ?? 0
  }

  /** Turns of the event loop until it is so. */
  async until(isSo: () => boolean): Promise<void> {
    for (let turn = 0; turn < mostTurns && !isSo(); turn++) await new Promise(resolve => setImmediate(resolve))
    if (!isSo()) throw new Error(`not so after ${mostTurns} turns of the event loop`)
  }

  #socket(worker: number, end: 0 | 1): Socket {
    const sockets = this.#sockets[worker]
    if (!sockets) throw new Error(`there is no worker ${worker}`)
    return sockets[end]
  }

  portOf(listener: string): number {
    const turn = this.#turns.get(listener) ?? 0
    this.#turns.set(listener, turn + 1)
    const worker = this.workers[turn % this.workers.length]
    const found = worker?.listeners.find(({ name }) => name === listener)
    if (!found) throw new Error(`the test broker has no listener "${listener}"`)
    return found.port
  }
}

export async function startWorkers(options: KernelOptions, count: number): Promise<TestWorkers> {
  const started = new TestWorkers(await createOwner(options, count))
  try {
    for (let number = 1; number <= count; number++) await started.add(options, number)
  } catch (error) {
    await started.owner.close()
    throw error
  }
  return started
}
