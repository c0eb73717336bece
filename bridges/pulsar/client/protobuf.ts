import {
  type Command,
  type CommandName,
  type CommandOf,
  commands,
  type Fields,
  type MessageOf,
  type Scalar,
} from './grammar.ts'
import { PulsarError } from './pulsar-error.ts'

/** Wire types of protobuf: a varint, or a length and as many bytes; the two fixed ones are only skipped. */
const varint = 0
const fixed64 = 1
const lengthDelimited = 2
const fixed32 = 5

/** A message of the grammar as protobuf has it. What is undefined is left out. */
export function encode<M extends Fields>(fields: M, message: MessageOf<M>): Buffer {
  const writer = new Writer()
  writer.message(fields, message)
  return writer.bytes()
}

/** `[type][its message]`: what goes between a frame's sizes and its payload. */
export function encodeCommand<Name extends CommandName>(name: Name, message: CommandOf<Name>): Buffer {
  const [number, fields] = commands[name]
  const writer = new Writer()
  writer.varint(1 << 3)
  writer.varint(number)
  writer.nested(number, fields, message)
  return writer.bytes()
}

const byNumber = new Map<number, CommandName>(
  (Object.keys(commands) as CommandName[]).map(name => [commands[name][0], name]),
)

/** The command in `buffer` from `start` to `end`; undefined for one that is not in the grammar. */
export function decodeCommand(buffer: Buffer, start: number, end: number): Command | undefined {
  const reader = new Reader(buffer, start, end)
  let name: CommandName | undefined
  let fields: unknown
  while (reader.next()) {
    if (reader.field === 1 && reader.wire === varint) {
      name = byNumber.get(reader.number())
      if (name === undefined) return undefined
    } else if (name !== undefined && reader.field === commands[name][0] && reader.wire === lengthDelimited) {
      const at = reader.range()
      fields = decode(commands[name][1], buffer, at, reader.at)
    } else {
      reader.skip()
    }
  }
  if (name === undefined || fields === undefined) throw malformed('a command without type or content')
  return { name, fields } as Command
}

/** @throws PulsarError PROTOCOL */
export function decode<M extends Fields>(fields: M, buffer: Buffer, start: number, end: number): MessageOf<M> {
  const table = tableOf(fields)
  const reader = new Reader(buffer, start, end)
  const message: Record<string, unknown> = {}
  while (reader.next()) {
    const entry = table[reader.field]
    if (entry === undefined) {
      reader.skip()
      continue
    }
    const value = readValue(entry.type, reader, buffer)
    if (!entry.repeated) message[entry.name] = value
    else if (message[entry.name] === undefined) message[entry.name] = [value]
    else (message[entry.name] as unknown[]).push(value)
  }
  return message as MessageOf<M>
}

interface Entry {
  readonly name: string
  readonly type: Scalar | Fields
  readonly repeated: boolean
}

/** Fields by number; made once for each message of the grammar. */
const tables = new Map<Fields, readonly (Entry | undefined)[]>()

function tableOf(fields: Fields): readonly (Entry | undefined)[] {
  let table = tables.get(fields)
  if (table === undefined) {
    const made: (Entry | undefined)[] = []
    for (const [name, [number, type, rule]] of Object.entries(fields)) {
      made[number] = { name, type, repeated: rule === 'repeated' }
    }
    tables.set(fields, (table = made))
  }
  return table
}

function readValue(type: Scalar | Fields, reader: Reader, buffer: Buffer): unknown {
  const expected = type === 'string' || type === 'bytes' || typeof type === 'object' ? lengthDelimited : varint
  if (reader.wire !== expected) throw malformed(`field ${reader.field} has wire type ${reader.wire}`)
  if (typeof type === 'object') {
    const start = reader.range()
    return decode(type, buffer, start, reader.at)
  }
  switch (type) {
    case 'u64':
      return reader.number()
    case 'long':
      return reader.long()
    case 'i32':
      return reader.int()
    case 'bool':
      return reader.number() !== 0
    case 'string': {
      const start = reader.range()
      return buffer.toString('utf8', start, reader.at)
    }
    case 'bytes': {
      const start = reader.range()
      return buffer.subarray(start, reader.at)
    }
  }
}

/** Reads fields one after the other, never past `end`. */
export class Reader {
  readonly #buffer: Buffer
  readonly #end: number
  at: number
  field = 0
  wire = 0
  #low = 0
  #high = 0

  constructor(buffer: Buffer, start: number, end: number) {
    this.#buffer = buffer
    this.#end = end
    this.at = start
  }

  /** Reads a field's tag; false at the end. */
  next(): boolean {
    if (this.at >= this.#end) return false
    this.#varint()
    this.field = this.#low >>> 3
    this.wire = this.#low & 7
    if (this.field === 0 || this.#high !== 0) throw malformed('a field without number')
    return true
  }

  number(): number {
    this.#varint()
    return this.#high * 2 ** 32 + this.#low
  }

  long(): bigint {
    this.#varint()
    return (BigInt(this.#high) << 32n) | BigInt(this.#low)
  }

  int(): number {
    this.#varint()
    return this.#low | 0
  }

  /** Steps over a length and its bytes, which then lie between what is returned and `at`. */
  range(): number {
    const length = this.number()
    const start = this.at
    if (length > this.#end - start) throw malformed(`a field of ${length} bytes where ${this.#end - start} are left`)
    this.at += length
    return start
  }

  skip(): void {
    if (this.wire === varint) this.#varint()
    else if (this.wire === lengthDelimited) this.range()
    else if (this.wire === fixed64 || this.wire === fixed32) this.at += this.wire === fixed64 ? 8 : 4
    else throw malformed(`wire type ${this.wire}`)
    if (this.at > this.#end) throw malformed('a field that ends after its message')
  }

  #varint(): void {
    let low = 0
    let high = 0
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.at >= this.#end) throw malformed('a number that does not end')
      const byte = this.#buffer[this.at++] ?? 0
      const bits = byte & 0x7f
      if (shift < 28) low |= bits << shift
      else if (shift === 28) {
        low |= bits << 28
        high |= bits >>> 4
      } else if (shift < 63) high |= bits << (shift - 32)
      else high |= (bits & 1) << 31
      if (byte < 0x80) {
        this.#low = low >>> 0
        this.#high = high >>> 0
        return
      }
    }
    throw malformed('a number of more than ten bytes')
  }
}

class Writer {
  #buffer = Buffer.allocUnsafe(256)
  #at = 0

  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#at)
  }

  message<M extends Fields>(fields: M, message: MessageOf<M>): void {
    for (const [name, [number, type, rule]] of Object.entries(fields)) {
      const value: unknown = message[name]
      if (value === undefined) continue
      if (rule === 'repeated') for (const one of value as readonly unknown[]) this.#field(number, type, one)
      else this.#field(number, type, value)
    }
  }

  nested<M extends Fields>(number: number, fields: M, message: MessageOf<M>): void {
    this.#lengthDelimited(number, encode(fields, message))
  }

  varint(value: number | bigint): void {
    this.#room(10)
    this.#at = writeVarint(this.#buffer, this.#at, value)
  }

  #field(number: number, type: Scalar | Fields, value: unknown): void {
    if (typeof type === 'object') return this.nested(number, type, value as MessageOf<Fields>)
    if (type === 'string') return this.#lengthDelimited(number, Buffer.from(value as string))
    if (type === 'bytes') return this.#lengthDelimited(number, value as Buffer)
    this.varint(number << 3)
    // Negative ones are written as 64 bits, whatever their type.
    if (type === 'bool') this.varint(value === true ? 1 : 0)
    else if ((value as number | bigint) < 0) this.varint(BigInt.asUintN(64, BigInt(value as number | bigint)))
    else this.varint(value as number | bigint)
  }

  #lengthDelimited(number: number, bytes: Buffer): void {
    this.varint((number << 3) | lengthDelimited)
    this.varint(bytes.length)
    this.#room(bytes.length)
    this.#at += bytes.copy(this.#buffer, this.#at)
  }

  #room(bytes: number): void {
    if (this.#at + bytes <= this.#buffer.length) return
    const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#at + bytes))
    this.#buffer.copy(larger, 0, 0, this.#at)
    this.#buffer = larger
  }
}

/** Returns where the number ends. */
export function writeVarint(buffer: Buffer, at: number, value: number | bigint): number {
  let end = at
  let rest = value
  if (typeof rest === 'bigint') {
    for (; rest > 0x7fn; rest >>= 7n) buffer[end++] = Number(rest & 0x7fn) | 0x80
    buffer[end++] = Number(rest)
    return end
  }
  if (rest > 0x7fffffff) {
    // Times and identifiers need more than 32 bits: four groups of seven from the lower part, the others from the upper.
    const upper = Math.floor(rest / 2 ** 28)
    const lower = rest - upper * 2 ** 28
    buffer[end] = (lower & 0x7f) | 0x80
    buffer[end + 1] = ((lower >>> 7) & 0x7f) | 0x80
    buffer[end + 2] = ((lower >>> 14) & 0x7f) | 0x80
    buffer[end + 3] = (lower >>> 21) | 0x80
    end += 4
    rest = upper
  }
  for (; rest > 0x7f; rest >>>= 7) buffer[end++] = (rest & 0x7f) | 0x80
  buffer[end++] = rest
  return end
}

/** How many bytes `writeVarint` writes. */
export function varintBytes(value: number): number {
  let bytes = 1
  let rest = value
  if (rest > 0x7fffffff) {
    bytes = 5
    rest = Math.floor(rest / 2 ** 28)
  }
  for (; rest > 0x7f; rest >>>= 7) bytes++
  return bytes
}

function malformed(what: string): PulsarError {
  return new PulsarError('PROTOCOL', `the broker sent ${what}`)
}
