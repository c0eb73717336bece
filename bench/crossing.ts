import { type ChildProcess, fork } from 'node:child_process'
import { Socket } from 'node:net'
import { cpus } from 'node:os'

/**
 * What a message costs that crosses from one process to another: CPU time of both, per message, over the link that
 * workers have to their owner, and over `process.send`. `npm run bench:crossing`.
 */

const payloadBytes = 64
const topics = 100
const messages = 400_000
const sendMessages = 40_000
const rounds = 5
const link = 3

interface Peer {
  begin(kind: number): { varint(value: number): void }
  slow(): boolean
  serve(handler: object): void
}

interface Modules {
  readonly SocketPeer: new (name: string, socket: Socket) => Peer
  readonly Message: new (fields: object) => object
  readonly writeCrossing: (frame: object, message: object) => void
  readonly readCrossing: (frame: object) => { readonly payload: Uint8Array }
}

/** Of the built kernel: what is measured is what runs. */
async function modules(): Promise<Modules> {
  const kernel = (file: string) => import(new URL(`../../dist/kernel/${file}`, import.meta.url).href)
  const [peer, message, crossing] = await Promise.all(
    ['cluster/socket-peer.js', 'contract/message.js', 'workers/crossing-message.js'].map(kernel),
  )
  return { ...peer, ...message, ...crossing }
}

const kind = 2

/** The far side: takes in what comes, and tells when it has had so many. */
async function receive(): Promise<void> {
  const { SocketPeer, readCrossing } = await modules()
  let left = 0
  let bytes = 0
  let before = process.cpuUsage()
  const took = () => {
    if (--left > 0) return
    const { user, system } = process.cpuUsage(before)
    process.send?.({ cpu: user + system, bytes })
  }
  new SocketPeer('sender', new Socket({ fd: link })).serve({
    frame: (_: number, body: { varint(): number }) => {
      body.varint()
      body.varint()
      bytes += readCrossing(body).payload.length
      took()
    },
    drained: () => {},
    lost: () => process.exit(),
  })
  process.on('message', (word: { expect?: number }) => {
    if (word.expect === undefined) return took()
    left = word.expect
    before = process.cpuUsage()
    process.send?.('ready')
  })
}

type Send = (child: ChildProcess, count: number) => Promise<void>

/** CPU µs per message, of both processes. */
async function measure(child: ChildProcess, count: number, send: Send): Promise<number> {
  const heard = () => new Promise<{ cpu: number }>(resolve => child.once('message', resolve))
  const ready = heard()
  child.send({ expect: count })
  await ready
  const before = process.cpuUsage()
  const done = heard()
  await send(child, count)
  const { cpu } = await done
  const { user, system } = process.cpuUsage(before)
  return (cpu + user + system) / count
}

async function main(): Promise<void> {
  const { SocketPeer, Message, writeCrossing } = await modules()
  const child = fork(new URL(import.meta.url).pathname, ['receive'], {
    stdio: ['ignore', 'inherit', 'inherit', 'pipe', 'ipc'],
    serialization: 'advanced',
  })
  const peer = new SocketPeer('receiver', child.stdio[link] as Socket)
  let drained = (): void => {}
  peer.serve({ frame: () => {}, drained: () => drained(), lost: () => {} })
  const payload = Buffer.alloc(payloadBytes, 'x')
  const fields = Array.from({ length: topics }, (_, i) => ({
    topic: `sensors/${i}/temperature`,
    payload,
    from: `c${i}`,
  }))
  const turn = () => new Promise<void>(resolve => setImmediate(resolve))
  const overLink =
    (perTurn: number): Send =>
    async (_, count) => {
      for (let sent = 0; sent < count; ) {
        for (let i = 0; i < perTurn && sent < count; i++, sent++) {
          const frame = peer.begin(kind)
          frame.varint(sent & 1023)
          frame.varint(0)
          writeCrossing(frame, new Message(fields[sent % topics] as object))
        }
        await turn()
        if (peer.slow()) await new Promise<void>(resolve => (drained = resolve))
      }
    }
  const bySend: Send = async (to, count) => {
    for (let sent = 0; sent < count; sent++) {
      if (!to.send({ ...fields[sent % topics], payload }) || sent % 50 === 49) await turn()
    }
  }
  const cases: readonly (readonly [name: string, count: number, send: Send])[] = [
    ['link, 1 a turn', sendMessages, overLink(1)],
    ['link, 10 a turn', messages, overLink(10)],
    ['link, 50 a turn', messages, overLink(50)],
    ['link, 500 a turn', messages, overLink(500)],
    ['process.send', sendMessages, bySend],
  ]
  console.log(JSON.stringify({ cpu: cpus()[0]?.model, cores: cpus().length, node: process.version, payloadBytes }))
  for (const [name, count, send] of cases) {
    const figures: number[] = []
    for (let round = 0; round < rounds; round++) figures.push(await measure(child, count, send))
    figures.sort((a, b) => a - b)
    const median = figures[Math.floor(rounds / 2)] ?? 0
    const range = `${figures[0]?.toFixed(2)}-${figures.at(-1)?.toFixed(2)}`
    console.log(`${name.padEnd(18)} ${median.toFixed(2).padStart(6)} µs of CPU a message, both processes (${range})`)
  }
  child.kill()
}

await (process.argv[2] === 'receive' ? receive() : main())
