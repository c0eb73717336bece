import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/**
 * pass: bytes go through. refuse: nobody listens. delay: each chunk later. half-close: our side's end is said, and
 * nothing comes back. cut: a connection ends in the middle of what it is sending. black-hole: connections are taken and
 * nothing moves.
 */
export type Fault = 'pass' | 'refuse' | 'delay' | 'half-close' | 'cut' | 'black-hole'

export const faults = ['refuse', 'delay', 'half-close', 'cut', 'black-hole'] as const

const delayMs = 30
/** A connection that is cut has got so many bytes through. */
const cutAfterBytes = 700

/** A way to a server on this machine that fails as it is told. */
export class ChaosProxy implements AsyncDisposable {
  readonly #target: number
  readonly #pairs = new Set<Pair>()
  #server: Server | undefined
  #port: number
  #fault: Fault = 'pass'

  private constructor(target: number, port: number) {
    this.#target = target
    this.#port = port
  }

  /** `at`: where to listen; any free port when not given. */
  static async to(port: number, at = 0): Promise<ChaosProxy> {
    const proxy = new ChaosProxy(port, at)
    await proxy.#listen()
    return proxy
  }

  get port(): number {
    return this.#port
  }

  get connections(): number {
    return this.#pairs.size
  }

  /** What happens from now on, to connections that are open as well. */
  async become(fault: Fault): Promise<void> {
    this.#fault = fault
    if (fault === 'refuse') await this.#close()
    else if (!this.#server) await this.#listen()
    for (const pair of this.#pairs) pair.apply(fault)
  }

  /** Ends every connection, as a server does that is started anew. */
  restart(): void {
    for (const pair of this.#pairs) pair.end()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close()
  }

  async #listen(): Promise<void> {
    const server = createServer({ allowHalfOpen: true }, near => {
      const pair = new Pair(near, this.#target, () => this.#pairs.delete(pair))
      this.#pairs.add(pair)
      pair.apply(this.#fault)
    })
    await new Promise<void>(resolve => server.listen(this.#port, '127.0.0.1', resolve))
    this.#port = (server.address() as AddressInfo).port
    this.#server = server
  }

  async #close(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    this.restart()
    if (server) await new Promise(resolve => server.close(resolve))
  }
}

/** One connection and its other half. */
class Pair {
  readonly #near: Socket
  readonly #far: Socket
  readonly #gone: () => void
  /** How much is delayed, by where it goes. */
  readonly #late = new Map<Socket, number>()
  #fault: Fault = 'pass'
  #bytes = 0

  constructor(near: Socket, target: number, gone: () => void) {
    this.#near = near
    this.#far = connect({ port: target, host: '127.0.0.1', allowHalfOpen: true })
    this.#gone = gone
    for (const [from, to] of [
      [this.#near, this.#far],
      [this.#far, this.#near],
    ] as const) {
      from.on('data', chunk => this.#move(chunk, to, to === this.#far))
      from.on('end', () => this.#inOrder(to, () => to.end()))
      from.on('error', () => this.end())
      from.on('close', () => this.end())
    }
  }

  apply(fault: Fault): void {
    this.#fault = fault
    this.#bytes = 0
    if (fault === 'half-close') this.#near.end()
    if (fault === 'black-hole') {
      this.#near.pause()
      this.#far.pause()
    } else {
      this.#near.resume()
      this.#far.resume()
    }
  }

  end(): void {
    this.#near.destroy()
    this.#far.destroy()
    this.#gone()
  }

  #move(chunk: Buffer, to: Socket, outwards: boolean): void {
    if (this.#fault === 'half-close' && !outwards) return
    if (this.#fault === 'cut' && outwards) {
      const left = cutAfterBytes - this.#bytes
      this.#bytes += chunk.length
      if (chunk.length >= left) {
        to.write(chunk.subarray(0, Math.max(0, left)), () => this.end())
        return
      }
    }
    this.#inOrder(to, () => to.writable && to.write(chunk))
  }

  /** At once, unless it is to be delayed, or what came before it still is: no byte overtakes another. */
  #inOrder(to: Socket, act: () => void): void {
    const late = this.#late.get(to) ?? 0
    if (this.#fault !== 'delay' && late === 0) return act()
    this.#late.set(to, late + 1)
    setTimeout(() => {
      this.#late.set(to, (this.#late.get(to) ?? 1) - 1)
      act()
    }, delayMs)
  }
}
