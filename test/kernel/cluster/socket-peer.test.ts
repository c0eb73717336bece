import { expect, test } from 'vitest'
import type { Outcome, PeerHandler } from '../../../kernel/cluster/bus.ts'
import { firstKind, SocketPeer } from '../../../kernel/cluster/socket-peer.ts'
import { BrokerError } from '../../../kernel/contract/errors.ts'
import { socketPair } from '../../support/socket-pair.ts'

/** One end, and what it heard. */
class End implements PeerHandler {
  readonly peer: SocketPeer
  readonly heard: (string | number)[] = []
  #wake: (() => void)[] = []
  asks: (kind: number, body: unknown, answer: (outcome: Outcome) => void) => void = () => {}

  constructor(peer: SocketPeer) {
    this.peer = peer
    peer.serve(this)
  }

  say(kind: number, number: number, bytes = new Uint8Array(0)): void {
    const frame = this.peer.begin(kind)
    frame.varint(number)
    frame.bytes(bytes)
  }

  frame(kind: number, body: { varint(): number; lent(): Uint8Array }): void {
    if (kind === 99) throw new Error('99 means nothing')
    this.#note(body.varint())
  }

  asked(kind: number, body: unknown, answer: (outcome: Outcome) => void): void {
    this.asks(kind, body, answer)
  }

  drained(): void {
    this.#note('drained')
  }

  lost(reason: string): void {
    this.#note(`lost: ${reason.split('\n')[0]}`)
  }

  #note(what: string | number): void {
    this.heard.push(what)
    for (const wake of this.#wake) wake()
    this.#wake = []
  }

  async until(done: (heard: readonly (string | number)[]) => boolean): Promise<void> {
    while (!done(this.heard)) await new Promise<void>(resolve => this.#wake.push(resolve))
  }
}

async function ends(): Promise<[End, End]> {
  const [a, b] = await socketPair()
  return [new End(new SocketPeer('b', a)), new End(new SocketPeer('a', b))]
}

test('frames of many turns arrive in the order in which they were begun, on both sides', async () => {
  const [a, b] = await ends()
  const turns = 50
  for (let turn = 0; turn < turns; turn++) {
    for (let i = 0; i < 100; i++) {
      a.say(firstKind, turn * 100 + i, new Uint8Array(i * 20))
      b.say(firstKind, turn * 100 + i)
    }
    await new Promise(resolve => setImmediate(resolve))
  }
  const all = Array.from({ length: turns * 100 }, (_, i) => i)
  await Promise.all([a.until(heard => heard.length === all.length), b.until(heard => heard.length === all.length)])
  expect(a.heard).toEqual(all)
  expect(b.heard).toEqual(all)
  a.peer.destroy('done')
})

test('an answer stands among the frames where it was given, and an error crosses with its code', async () => {
  const [a, b] = await ends()
  b.asks = (kind, body, answer) => {
    b.say(firstKind, 1)
    if (kind === 1) answer({ value: { again: body } })
    else answer({ error: new BrokerError('LIMIT_REACHED', 'no more of these') })
    b.say(firstKind, 2)
  }
  const outcomes: Outcome[] = []
  a.peer.ask(1, { id: 'x', bytes: new Uint8Array([1, 2]), never: Number.POSITIVE_INFINITY }, outcome => {
    outcomes.push(outcome)
    expect(a.heard).toEqual([1])
  })
  await a.until(heard => heard.length === 2)
  expect(outcomes).toEqual([
    { value: { again: { id: 'x', bytes: new Uint8Array([1, 2]), never: Number.POSITIVE_INFINITY } } },
  ])
  const refused = a.peer.request(2, undefined)
  await expect(refused).rejects.toMatchObject({ code: 'LIMIT_REACHED', message: 'no more of these' })
  a.peer.destroy('done')
})

test('who closes has what it said heard; the other side is told, and its questions fail', async () => {
  const [a, b] = await ends()
  a.say(firstKind, 5)
  const asked = expect(b.peer.request(1, 'nobody answers')).rejects.toMatchObject({ code: 'CLOSED' })
  await a.peer.close()
  await b.until(heard => heard.length === 2)
  expect(b.heard).toEqual([5, 'lost: the link was closed'])
  await asked
  await expect(b.peer.request(1, 'too late')).rejects.toMatchObject({ code: 'CLOSED' })
  expect(a.heard).toEqual([])
})

test('a peer that is cut off is lost, once', async () => {
  const [a, b] = await ends()
  a.peer.destroy('pulled')
  a.peer.destroy('again')
  await b.until(heard => heard.length === 1)
  expect(a.heard).toEqual(['lost: pulled'])
})

test('a peer whose frames make no sense is lost', async () => {
  const [a, b] = await ends()
  a.say(99, 1)
  await b.until(heard => heard.length === 1)
  expect(b.heard[0]).toMatch('lost: what it says makes no sense: Error: 99 means nothing')
  await a.until(heard => heard.length === 1)
})

test('a peer that does not read is slow, and drained once it has read all', async () => {
  const [a] = await socketPair().then(([one, other]) => {
    const reading = new SocketPeer('a', other)
    return [new End(new SocketPeer('b', one)), reading] as const
  })
  expect(a.peer.slow()).toBe(false)
  const large = new Uint8Array(512 * 1024)
  for (let i = 0; i < 8; i++) a.say(firstKind, i, large)
  expect(a.peer.slow()).toBe(true)
  await new Promise(resolve => setImmediate(resolve))
  expect(a.peer.slow()).toBe(true)
  expect(a.heard).toEqual([])
  a.peer.destroy('done')
})

test('what waited for a slow peer arrives once it reads', async () => {
  const [one, other] = await socketPair()
  const a = new End(new SocketPeer('b', one))
  const large = new Uint8Array(512 * 1024)
  for (let i = 0; i < 8; i++) a.say(firstKind, i, large)
  expect(a.peer.slow()).toBe(true)
  const b = new End(new SocketPeer('a', other))
  await Promise.all([a.until(heard => heard.length === 1), b.until(heard => heard.length === 8)])
  expect(a.heard).toEqual(['drained'])
  expect(b.heard).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  a.peer.destroy('done')
})
