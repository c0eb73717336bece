import type { Client, ClientOwner } from './client.ts'

/** Nothing came up for this long: the broker refuses. */
const stallMs = 20_000

/** Opens clients, so many at a time; those that replace what is settled together, once a turn of the loop. */
export class BringUp implements Pick<ClientOwner, 'settled'> {
  #settled = 0
  #scheduled = false
  #next: (() => void) | undefined

  settled(): void {
    this.#settled += 1
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#next?.()
    })
  }

  /** Resolves with the milliseconds it took until every client was ready or closed. */
  async open(clients: readonly Client[], concurrency = 64): Promise<number> {
    const begin = performance.now()
    this.#settled = 0
    let opened = 0
    await new Promise<void>((resolve, reject) => {
      const stall = setTimeout(
        () => reject(new Error(`only ${this.#settled} of ${clients.length} connections came up`)),
        stallMs,
      )
      this.#next = () => {
        stall.refresh()
        while (opened < clients.length && opened - this.#settled < concurrency) clients[opened++]?.open()
        if (this.#settled < clients.length) return
        clearTimeout(stall)
        this.#next = undefined
        resolve()
      }
      this.#next()
    })
    return performance.now() - begin
  }
}

/** Throws unless every client is ready. */
export function expectReady(clients: readonly Client[]): void {
  const ready = clients.filter(({ state, errors }) => state === 'ready' && errors === 0).length
  if (ready === clients.length) return
  const failure = clients.find(({ failure }) => failure !== '')?.failure ?? 'the others were refused'
  throw new Error(`only ${ready} of ${clients.length} clients connected and subscribed: ${failure}`)
}
