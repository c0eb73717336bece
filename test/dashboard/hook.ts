import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A webhook that takes what comes, but nothing that is called refused. */
export class Hook {
  readonly #server: Server
  /** Where it was posted to, as often as it was. */
  readonly paths: readonly string[]

  private constructor(server: Server, paths: readonly string[]) {
    this.#server = server
    this.paths = paths
  }

  static async start(): Promise<Hook> {
    const paths: string[] = []
    const server = createServer((request, response) => {
      request.resume()
      if (request.method === 'POST') paths.push(request.url ?? '')
      response.statusCode = request.url?.includes('refused') ? 422 : 204
      response.end()
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    return new Hook(server, paths)
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise(resolve => this.#server.close(resolve))
  }
}
