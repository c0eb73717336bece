import { encodeBatch, encodeEntry } from '../../bridges/pulsar/client/entry.ts'
import { commandFrame, FrameReader } from '../../bridges/pulsar/client/frame.ts'
import { readEntry } from '../../bridges/pulsar/client/incoming.ts'
import { Properties } from '../../bridges/pulsar/client/properties.ts'
import { decodeCommand, encodeCommand } from '../../bridges/pulsar/client/protobuf.ts'
import { PulsarError } from '../../bridges/pulsar/client/pulsar-error.ts'
import {
  compileCondition,
  compileDocument,
  compileTemplate,
  LanguageError,
} from '../../kernel/bridging/language/index.ts'
import { isRejected, type Scope } from '../../kernel/plugin.ts'
import { scopeOf } from '../kernel/bridging/language/scope.ts'
import { nothing, type Parser, plain, words } from './parser.ts'

const scopes: readonly Scope[] = [
  scopeOf({
    text: '{"temp":41.5,"list":[{"a":"x"},2],"odd name":true,"none":null}',
    clientid: 'c',
    key: Buffer.from('k'),
  }),
  scopeOf({ payload: Uint8Array.of(0xff, 0), headers: [['a', 'b']] }),
]

/** What compiles gives a value, or says why a message has none; everything else is refused when it is compiled. */
export async function language(): Promise<Parser> {
  const told = (value: unknown) => (isRejected(value) ? value.code : typeof value)
  const compilers: readonly ((text: string) => (scope: Scope) => unknown)[] = [
    text => {
      const template = compileTemplate(text)
      return scope => [template.render(scope), template.text(scope)].map(told).join()
    },
    text => {
      const condition = compileCondition(text)
      return scope => `${condition.holds(scope)}`
    },
    text => {
      const document = compileDocument({ one: text, [text]: [text] })
      return scope => told(document.render(scope))
    },
  ]
  const outcome = (compiler: (text: string) => (scope: Scope) => unknown, text: string) => {
    try {
      const render = compiler(text)
      return scopes.map(scope => render(scope)).join(' ')
    } catch (error) {
      if (!(error instanceof LanguageError)) throw error
      return plain(error)
    }
  }
  return {
    seeds: words(
      '${topic[1..]}/${payload.list[0].a ?? "none"} $${x}',
      "${payload.temp} > 40 and not (${clientid} == 'c' or ${payload.none} in [1, 'x', null])",
      '${headers["a"]} matches "^[a-z]+$"',
    ),
    words: words(
      '${',
      '}',
      '[',
      '..',
      '-1',
      ' ?? ',
      '"',
      '\\',
      '(',
      ' and ',
      ' in [',
      '__proto__',
      '.constructor',
      '$$',
    ),
    read: async bytes => compilers.map(compiler => outcome(compiler, bytes.toString())).join('; '),
    [Symbol.asyncDispose]: nothing,
  }
}

/** Allocates no more than it has room for, and knows what it cannot read. */
const maxFrameBytes = 1 << 20
const expected: ReadonlySet<string> = new Set(['PROTOCOL', 'UNREADABLE', 'UNSUPPORTED'])

/** What a Pulsar broker sends: frames, their commands, the entries behind them. */
export async function pulsarFrames(): Promise<Parser> {
  const messages = [
    { value: Buffer.from('one'), key: 'k', properties: new Properties([['a', 'b']]), eventTime: 5 },
    { value: Buffer.alloc(300, 'x') },
  ]
  const entry = { producerId: 1, producerName: 'p', sequenceId: 7, publishTime: 1_000 }
  const unhurried = { rest: () => undefined }
  const delivered: Buffer[] = []
  for (const compression of ['none', 'lz4', 'zlib'] as const) {
    const { frame } = encodeEntry(await encodeBatch(messages, compression, unhurried), entry)
    delivered.push(delivery(Buffer.concat(frame)))
  }
  return {
    seeds: [
      ...delivered,
      commandFrame(
        encodeCommand('connected', { serverVersion: 'Pulsar', protocolVersion: 21, maxMessageSize: 5_242_880 }),
      ),
      commandFrame(encodeCommand('error', { requestId: 1, error: 3, message: 'no' })),
    ],
    words: [Buffer.from([0x0e, 0x01]), Buffer.from([0x0e, 0x02]), Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f])],
    read: async bytes => {
      const seen: string[] = []
      const reader = new FrameReader(maxFrameBytes, (buffer, start, end) => {
        const commandEnd = start + 4 + buffer.readUInt32BE(start)
        if (commandEnd > end) return
        const command = decodeCommand(buffer, start + 4, commandEnd)
        seen.push(command?.name ?? 'unknown')
        if (command?.name !== 'message') return
        const { unreadable, messages } = readEntry({ id: {}, redeliveries: 0, ackSet: [] }, buffer, commandEnd, end)
        if (unreadable && !expected.has(unreadable.code)) throw unreadable
        seen.push(unreadable?.code ?? `${messages.length}`)
      })
      try {
        // In two halves: what is incomplete waits.
        reader.push(bytes.subarray(0, bytes.length >> 1))
        reader.push(bytes.subarray(bytes.length >> 1))
      } catch (error) {
        if (!(error instanceof PulsarError) || !expected.has(error.code)) throw error
        seen.push(plain(error))
      }
      return seen.join()
    },
    [Symbol.asyncDispose]: nothing,
  }
}

/** The same entry as a broker delivers it: its command, that of a producer, is another one. */
function delivery(sent: Buffer): Buffer {
  const entryAt = 8 + sent.readUInt32BE(4)
  const command = encodeCommand('message', { consumerId: 1, messageId: {}, redeliveryCount: 0 })
  const head = commandFrame(command)
  head.writeUInt32BE(head.length - 4 + sent.length - entryAt, 0)
  return Buffer.concat([head, sent.subarray(entryAt)])
}
