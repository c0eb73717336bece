import type { Output } from '../../../kernel/plugin.ts'
import type { ProtocolLevel } from './packets.ts'
import { propertiesSize } from './property-writer.ts'
import type { OutgoingPublish } from './publish.ts'
import { publishRemaining, writePublish } from './publish.ts'
import { variableSize, writeUint16 } from './writer.ts'

/** From this size on the tail of a frame is passed on by reference instead of being copied for each receiver. */
const shareFromBytes = 16 * 1024

/** A PUBLISH encoded once for a fan-out: for one protocol level, QoS, retain and set of properties. */
export class PublishFrame {
  readonly #bytes: Buffer
  readonly #qos: number
  readonly #packetIdAt: number

  /** Copies the payload. */
  constructor(packet: Omit<OutgoingPublish, 'packetId' | 'dup'>, level: ProtocolLevel) {
    const publish = { ...packet, packetId: 0 }
    const topicBytes = Buffer.byteLength(packet.topic)
    const propertyBytes = level === 5 ? propertiesSize(packet.properties) : 0
    const remaining = publishRemaining(publish, level, topicBytes, propertyBytes)
    this.#qos = packet.qos
    this.#bytes = Buffer.allocUnsafe(1 + variableSize(remaining) + remaining)
    this.#packetIdAt = writePublish(this.#bytes, 0, publish, level, { topicBytes, propertyBytes, remaining })
  }

  /** The packet's size, to be held against a client's maximum. */
  get byteLength(): number {
    return this.#bytes.length
  }

  /** `packetId` is ignored at QoS 0, where `dup` must be false. */
  write(output: Output, packetId: number, dup: boolean): void {
    const bytes = this.#bytes
    // What differs between receivers ends with the packet identifier.
    const copied = bytes.length < shareFromBytes ? bytes.length : this.#packetIdAt + 2
    const position = output.reserve(copied)
    const { buffer } = output
    bytes.copy(buffer, position, 0, copied)
    if (dup) buffer[position] = (buffer[position] as number) | 8
    if (this.#qos > 0) writeUint16(buffer, position + this.#packetIdAt, packetId)
    if (copied < bytes.length) output.write(bytes.subarray(copied))
  }
}
