import { varintBytes, writeVarint } from './protobuf.ts'
import { tagOf, textFieldBytes, writeTextField } from './text-field.ts'

/** Of messages that are sent, coded once: many share theirs. */
export class Properties {
  readonly pairs: readonly (readonly [name: string, value: string])[]
  /** As they stand in the head of each message. */
  readonly coded: Buffer

  constructor(pairs: readonly (readonly [name: string, value: string])[]) {
    this.pairs = pairs
    this.coded = coded(pairs)
  }
}

/** properties => [tag of field 1][length][name, field 1][value, field 2], for each */
function coded(pairs: Properties['pairs']): Buffer {
  const sizes = pairs.map(([name, value]) => textFieldBytes(name) + textFieldBytes(value))
  const bytes = Buffer.allocUnsafe(sizes.reduce((sum, size) => sum + 1 + varintBytes(size) + size, 0))
  let at = 0
  for (const [index, [name, value]] of pairs.entries()) {
    bytes[at] = tagOf(1, 2)
    at = writeVarint(bytes, at + 1, sizes[index] as number)
    at = writeTextField(bytes, at, tagOf(1, 2), name)
    at = writeTextField(bytes, at, tagOf(2, 2), value)
  }
  return bytes
}
