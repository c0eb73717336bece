import { expect, test } from 'vitest'
import { BufferPool } from '../../../kernel/net/buffer-pool.ts'
import type { ByteSocket } from '../../../kernel/net/byte-socket.ts'
import { Flusher } from '../../../kernel/net/flusher.ts'
import { type OutputHost, SocketOutput } from '../../../kernel/net/output.ts'
import { ManualClock } from '../../support/clock.ts'

const turn = () => new Promise(setImmediate)

function host(): OutputHost {
  const output = { take: () => {}, give: () => {} }
  return { memory: { parts: { output } }, pool: new BufferPool(output, new ManualClock()), flusher: new Flusher() }
}

/** A peer that reads when it is told to. */
class Peer {
  readonly output: SocketOutput
  readonly writable = true
  told = 0
  unread = 0
  #written: (() => void) | undefined
  readonly socket: ByteSocket

  constructor(shared: OutputHost) {
    const unread = () => this.unread
    const act = () => {}
    this.socket = {
      writable: true,
      destroyed: false,
      get writableLength() {
        return unread()
      },
      write: (bytes, written) => {
        this.unread += bytes.length
        this.#written = written
      },
      cork: act,
      uncork: act,
      resume: act,
      pause: act,
      end: act,
      destroy: act,
    }
    this.output = new SocketOutput(this, shared)
  }

  sent(): void {}

  drained(): void {
    this.told++
  }

  readAll(): void {
    this.unread = 0
    this.#written?.()
  }
}

test('a thousand peers that read in the same moment are written to in turns, and each is told when all is written', async () => {
  const shared = host()
  const peers = Array.from({ length: 1_000 }, () => new Peer(shared))
  const write = (text: string) => {
    for (const { output } of peers) output.write(Buffer.from(text))
  }
  const settle = async () => {
    do await turn()
    while (shared.flusher.behind)
  }
  write('first')
  await settle()
  write('second')
  for (const { output } of peers) output.awaitDrain()
  await settle()
  for (const peer of peers) peer.readAll()
  await turn()
  const busy = () => peers.filter(({ unread }) => unread > 0).length
  expect(busy()).toBeGreaterThan(0)
  expect(busy()).toBeLessThan(300)
  await settle()
  expect(busy()).toBe(1_000)
  expect(peers.filter(({ told }) => told > 0)).toEqual([])
  for (const peer of peers) peer.readAll()
  await settle()
  await turn()
  expect(peers.every(({ told }) => told === 1)).toBe(true)
})
