export interface BlockOptions {
  readonly qos: 0 | 1
  readonly payloadBytes: number
  readonly retain?: boolean
  /** The number of the first, and how many. Packet identifiers are 1 to that many. */
  readonly first: number
  readonly publishes: number
  topic(n: number): string
}

/** Many PUBLISH packets of MQTT 5.0, to be sent at once. */
export function publishBlock({ qos, payloadBytes, retain = false, first, publishes, topic }: BlockOptions): Buffer {
  const parts: Buffer[] = []
  const payload = Buffer.alloc(payloadBytes, 'x')
  for (let i = 0; i < publishes; i++) {
    const name = Buffer.from(topic(first + i))
    const length = 2 + name.length + 2 * qos + 1 + payloadBytes
    const head = [0x30 | (qos << 1) | (retain ? 1 : 0), ...variableLength(length), name.length >> 8, name.length & 255]
    const id = qos === 1 ? [(i + 1) >> 8, (i + 1) & 255] : []
    parts.push(Buffer.from(head), name, Buffer.from([...id, 0]), payload)
  }
  return Buffer.concat(parts)
}

function variableLength(length: number): number[] {
  const bytes: number[] = []
  let rest = length
  do {
    bytes.push((rest & 127) | (rest > 127 ? 128 : 0))
    rest >>= 7
  } while (rest > 0)
  return bytes
}
