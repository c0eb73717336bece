import { openTransport, type Transport, type TransportOptions } from '../../support/wire-transport.ts'

/** A client of the line protocol that does only what a test tells it: one line after the other, as they came. */
export class LineClient implements AsyncDisposable {
  readonly transport: Transport
  /** Lines that no test has read yet. */
  readonly unread: string[] = []
  error: Error | undefined
  isClosed = false
  #partial = ''
  #changed: (() => void)[] = []

  constructor(transport: Transport) {
    this.transport = transport
    transport.onBytes = bytes => {
      const lines = (this.#partial + bytes.toString()).split('\n')
      this.#partial = lines.pop() ?? ''
      this.unread.push(...lines)
      this.#wake()
    }
    transport.onClose = error => {
      this.isClosed = true
      this.error = error
      this.#wake()
    }
  }

  static async open(port: number, options: TransportOptions = {}): Promise<LineClient> {
    return new LineClient(await openTransport(port, { path: '/line', subprotocols: ['line'], ...options }))
  }

  /** Opens and says HELLO. @throws when it is refused */
  static async hello(port: number, name: string, options: TransportOptions = {}): Promise<LineClient> {
    const client = await LineClient.open(port, options)
    await client.ask(`HELLO ${name}`)
    return client
  }

  send(text: string): void {
    this.transport.write(Buffer.from(`${text}\n`))
  }

  /** The oldest unread line. */
  async next(): Promise<string> {
    for (;;) {
      const text = this.unread.shift()
      if (text !== undefined) return text
      if (this.isClosed) throw new Error('the connection closed before a line came')
      await this.#change()
    }
  }

  /** Sends a line and returns its answer; messages that come before it stay unread. @throws when the answer is ERR */
  async ask(text: string): Promise<string> {
    this.send(text)
    for (;;) {
      const at = this.unread.findIndex(line => !line.startsWith('MSG '))
      if (at >= 0) {
        const [answer = ''] = this.unread.splice(at, 1)
        if (answer.startsWith('ERR')) throw new Error(answer)
        return answer
      }
      if (this.isClosed) throw new Error('the connection closed before the answer came')
      await this.#change()
    }
  }

  /** Waits until the broker has closed the connection; returns the lines it sent last. */
  async closed(): Promise<string[]> {
    while (!this.isClosed) await this.#change()
    return this.unread.splice(0)
  }

  async end(): Promise<void> {
    this.transport.end()
    await this.closed()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.isClosed) return
    this.transport.destroy()
    await this.closed()
  }

  #wake(): void {
    for (const wake of this.#changed.splice(0)) wake()
  }

  #change(): Promise<void> {
    return new Promise(resolve => this.#changed.push(resolve))
  }
}
