import type { Connection, Consumer, Protocol, ProtocolHost, ProtocolPlugin } from '../../kernel/plugin.ts'
import { BrokerError, isBrokerError, Message, type Receiver, type Session, type Space } from '../../kernel/plugin.ts'

/** HELLO name [password], then PUB topic payload, SUB filter, UNSUB filter. Back come OK, ERR code message, MSG topic payload. */
export const line: ProtocolPlugin<{ maxLineBytes: number; helloTimeout: number }> = {
  kind: 'protocol',
  name: 'line',
  api: 1,
  options: {
    maxLineBytes: { type: 'bytes', default: 65_536, min: 64, describe: 'A longer line closes the connection.' },
    helloTimeout: { type: 'duration', default: 10_000, describe: 'How long a client may wait with its HELLO.' },
  },
  open: async (host, options): Promise<Protocol> => ({
    websocket: { subprotocols: ['line'], path: '/line' },
    serve: connection => new LineClient(host, connection).serve(options.maxLineBytes, options.helloTimeout),
    close: async () => {},
  }),
}

class LineClient implements Receiver {
  readonly #host: ProtocolHost
  readonly #connection: Connection
  #space: Space | undefined
  #session: Session | undefined
  #consumer: Consumer | undefined

  constructor(host: ProtocolHost, connection: Connection) {
    this.#host = host
    this.#connection = connection
  }

  /** One line after the other: while one is being done, the next ones wait, and soon the peer does. */
  async serve(maxLineBytes: number, helloTimeout: number): Promise<void> {
    this.#connection.idleLimit(helloTimeout, () => this.#leave('NOT_AUTHORIZED', 'no HELLO in time'))
    const closing = () => this.#leave('CLOSED', 'the broker is closing')
    this.#host.closing.addEventListener('abort', closing, { signal: this.#connection.signal })
    try {
      for await (const text of this.#connection.lines(maxLineBytes)) {
        const [, verb = '', first = '', rest = ''] = /^([^ ]*) ?([^ ]*) ?(.*)$/s.exec(text) ?? []
        await this.#obey(verb, decode(first), decode(rest)).catch(error => {
          if (!isBrokerError(error)) throw error
          if (verb === 'HELLO') this.#leave(error.code, error.message)
          else this.#say('ERR', error.code, error.message)
        })
      }
    } finally {
      await this.#session?.end({ will: 'discard' })
    }
  }

  #leave(code: string, why: string): void {
    this.#say('ERR', code, why)
    this.#connection.close(why)
  }

  /** The payload is only lent: when this returns, the output has its copy. */
  deliver({ topic, payload }: Message): void {
    this.#say('MSG', topic, Buffer.from(payload).toString())
    if (this.#connection.slow()) this.#consumer?.hold()
  }

  async #obey(verb: string, topic: string, rest: string): Promise<void> {
    if (verb === 'HELLO' && !this.#space) return this.#hello(topic, rest)
    const [space, session] = [this.#space, this.#session]
    if (!space || !session) throw new BrokerError('NOT_AUTHORIZED', 'say HELLO first')
    if (verb === 'PUB') {
      const stored = space.publish(new Message({ topic, payload: Buffer.from(rest), guarantee: 1, from: session.id }))
      const wait = space.throttle(rest.length)
      await stored
      this.#say('OK')
      await wait
    } else if (verb === 'SUB') {
      await session.bind([{ filter: topic, options: { guarantee: 0 }, replay: 'always' }], ([bound]) => {
        this.#say(...(bound?.error ? ['ERR', bound.error.code, bound.error.message] : ['OK']))
      })
    } else if (verb === 'UNSUB') {
      await session.unbind([{ filter: topic }], ([existed]) => this.#say(existed ? 'OK' : 'NONE'))
    } else this.#say('ERR', 'UNKNOWN', 'known are HELLO, PUB, SUB and UNSUB')
  }

  async #hello(name: string, text: string): Promise<void> {
    const [user, password] = text ? [name, Buffer.from(text)] : []
    this.#space = await this.#host.login({ clientId: name, user, password }, this.#connection)
    this.#connection.idleLimit(0, () => {})
    const taken = (why: string) => this.#leave('SESSION_TAKEN', why)
    this.#session = await this.#space.session(name, { clean: true, expiresAfterMs: 0, taken })
    this.#consumer = this.#session.consume(this, 0)
    this.#connection.onDrain = () => this.#consumer?.resume()
    this.#say('OK')
  }

  /** A space or a line's end within a word would begin another: it is escaped, and so is the escape. */
  #say(...words: readonly string[]): void {
    const escaped = words.map((word, at) => word.replace(at < 2 ? /[% \r\n]/g : /[%\r\n]/g, encodeURIComponent))
    this.#connection.output.write(Buffer.from(`${escaped.join(' ')}\n`))
  }
}

const decode = (word: string) => word.replace(/%(?:0A|0D|20|25)/g, decodeURIComponent)
