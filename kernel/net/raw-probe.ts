import { EventEmitter } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import type { Logger } from '../contract/observe.ts'
import type { SocketOwner } from './byte-socket.ts'
import { findRawBinding, type RawHandle, takeHandles } from './raw-handle.ts'
import { RawSocket } from './raw-socket.ts'
import { RawSockets } from './raw-sockets.ts'

/** Much longer than it ever takes; a Node that is silent where we wait is not the one we know. */
const probeMs = 5_000

/** More than the two sockets of a loopback pair hold between them. */
const large = 16 * 1024 * 1024

/**
 * Raw sockets that read into `readBuffer`, once all that they use of Node was tried out on this machine's loopback.
 * Undefined, and a warning, where anything is missing or behaves otherwise.
 */
export async function openRawSockets(readBuffer: Buffer, logger: Logger): Promise<RawSockets | undefined> {
  try {
    const binding = findRawBinding()
    if (binding === undefined) throw new Error('the binding "stream_wrap" is missing')
    const sockets = new RawSockets(binding, readBuffer)
    await tryOut(sockets)
    return sockets
  } catch (error) {
    logger.warn({ node: process.version, error }, 'raw handles do not work here: ordinary sockets are used instead')
    return undefined
  }
}

async function tryOut(sockets: RawSockets): Promise<void> {
  const server = createServer().listen({ port: 0, host: '127.0.0.1' })
  const pairs: Pair[] = []
  let timer: NodeJS.Timeout | undefined
  const failure = new Promise<never>((_, reject) => {
    server.on('error', reject)
    timer = setTimeout(() => reject(new Error(`nothing happened for ${probeMs} ms`)), probeMs)
  })
  const talk = async () => {
    await event(server, 'listening')
    expect(
      'accepting',
      takeHandles(server, handle => server.emit('handle', handle)),
    )
    const { port } = server.address() as AddressInfo
    const pair = async () => {
      const accepted = event(server, 'handle')
      const client = connect({ port, host: '127.0.0.1' })
      client.on('error', () => {})
      const [handle] = await accepted
      const socket = new RawSocket(handle as RawHandle, sockets)
      const opened = { client, socket, seen: new Seen() }
      socket.owner = opened.seen
      pairs.push(opened)
      return opened
    }
    await tryTalk(await pair(), sockets)
    await tryReset(await pair())
  }
  try {
    await Promise.race([talk(), failure])
  } finally {
    clearTimeout(timer)
    for (const { client, socket } of pairs) {
      client.destroy()
      socket.destroy()
    }
    server.close()
  }
}

interface Pair {
  readonly client: Socket
  readonly socket: RawSocket
  readonly seen: Seen
}

/** What a socket told, as events. */
class Seen extends EventEmitter implements SocketOwner {
  deliver(chunk: Buffer): void {
    this.emit('bytes', chunk)
  }

  peerEnded(): void {
    this.emit('ended')
  }

  socketFailed(error: Error): void {
    this.emit('failed', error)
  }

  gone(): void {
    this.emit('gone')
  }
}

/** Reads, a write that is done at once, one that takes longer, and an end of each side. */
async function tryTalk({ client, socket, seen }: Pair, sockets: RawSockets): Promise<void> {
  expect('the name of the peer', socket.remote.port === client.localPort)
  expect('options of the socket', socket.setOptions({ keepAliveMs: 60_000 }))
  const asked = event(seen, 'bytes')
  client.write('ping')
  socket.resume()
  const [bytes] = (await asked) as [Buffer]
  expect('reading', bytes.buffer === sockets.readBuffer.buffer && bytes.toString() === 'ping')

  socket.write(Buffer.from('pong'))
  expect('a write that is done at once', socket.writableLength === 0)
  socket.cork()
  socket.write(Buffer.alloc(large))
  socket.write(Buffer.from('!'), () => seen.emit('written'))
  socket.uncork()
  expect('a write that takes longer', socket.writableLength === large + 1)
  const written = event(seen, 'written')
  const ended = event(seen, 'ended')
  const gone = event(seen, 'gone')
  let read = 0
  let last = 0
  client.on('data', chunk => {
    read += chunk.length
    last = chunk.at(-1) ?? 0
  })
  const clientEnded = event(client, 'end')
  await written
  expect('the end of a write', socket.writableLength === 0)
  client.end()
  await ended
  socket.end()
  await clientEnded
  expect('order', read === large + 5 && last === 0x21)
  await gone
}

async function tryReset({ client, socket, seen }: Pair): Promise<void> {
  const failed = event(seen, 'failed')
  const gone = event(seen, 'gone')
  socket.resume()
  client.resetAndDestroy()
  const [error] = (await failed) as [NodeJS.ErrnoException]
  expect('a reset', error.code === 'ECONNRESET')
  await gone
}

/** Never rejects: what does not happen ends with the time for all. */
function event(emitter: EventEmitter, name: string): Promise<unknown[]> {
  return new Promise(resolve => emitter.once(name, (...values: unknown[]) => resolve(values)))
}

function expect(what: string, so: boolean): void {
  if (!so) throw new Error(`${what} is not as it should be`)
}
