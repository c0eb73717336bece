import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Not in its books: tickets about it are refused, and become dead letters. */
const unknownMachine = 'oven-2'

/** What webhooks lead to: a desk that takes tickets, and an archive that is switched off. */
export class ServiceDesk {
  readonly url: string
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  static async open(): Promise<ServiceDesk> {
    const server = createServer(answer)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new ServiceDesk(server)
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
  }
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  request.resume()
  const { url = '' } = request
  if (url.startsWith('/archive')) response.writeHead(503).end('the archive is switched off')
  else if (url.endsWith(`/${unknownMachine}`)) response.writeHead(422).end(`no machine ${unknownMachine} in our books`)
  else response.writeHead(201).end()
}
