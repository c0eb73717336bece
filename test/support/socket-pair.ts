import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'

/** Two ends of one stream socket of the system, as two processes of one machine have them. */
export async function socketPair(): Promise<readonly [Socket, Socket]> {
  const directory = await mkdtemp(path.join(tmpdir(), 'pair-'))
  const file = path.join(directory, 's')
  const server = createServer()
  try {
    const accepted = new Promise<Socket>(resolve => server.once('connection', resolve))
    await new Promise<void>(resolve => server.listen(file, resolve))
    const connected = connect(file)
    return [await accepted, connected]
  } finally {
    server.close()
    await rm(directory, { recursive: true, force: true })
  }
}
