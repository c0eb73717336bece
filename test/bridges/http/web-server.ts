import { createServer, type IncomingHttpHeaders, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Request {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** A web server of a test, that answers as it is told. */
export class TestWebServer implements AsyncDisposable {
  readonly requests: Request[] = []
  /** A status, or headers beside it. */
  answer: (request: Request) => number | { status: number; headers: Record<string, string> } = () => 204
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
  }

  static async start(): Promise<TestWebServer> {
    const server = createServer()
    const started = new TestWebServer(server)
    server.on('request', (incoming, outgoing) => {
      void textOf(incoming).then(body => {
        const { method = '', url: path = '', headers } = incoming
        const request = { method, path, headers, body }
        if (method !== 'HEAD') started.requests.push(request)
        const answer = started.answer(request)
        const { status, headers: more } = typeof answer === 'number' ? { status: answer, headers: {} } : answer
        outgoing.writeHead(status, more).end()
      })
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    return started
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/hook`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise(resolve => this.#server.close(resolve))
  }
}

async function textOf(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}
