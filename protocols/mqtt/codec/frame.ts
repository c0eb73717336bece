import { malformed, PacketError, packetTooLarge, unspoken, violation } from './packet-error.ts'
import { packetType } from './packet-type.ts'

/** Called with a packet's first byte and, in `buffer` from `start` to `end`, all after its fixed header; only lent. */
export type PacketHandler = (header: number, buffer: Buffer, start: number, end: number) => void

export interface PacketReaderOptions {
  /** Larger packets, fixed header included, are refused as soon as they announce themselves. */
  readonly maxPacketBytes: number
  /** The same before `accept`. Default: 128 KiB. */
  readonly connectBytes?: number
  readonly onPacket: PacketHandler
}

/** A CONNECT with a will and a token fits; the largest possible one does not. */
const defaultConnectBytes = 128 * 1024

/** The first buffer of an incomplete packet; it doubles as bytes arrive. */
const leastBufferBytes = 256

/**
 * Cuts a byte stream into packets. They are handed over straight out of the chunk; only what is incomplete when the
 * chunk ends is copied, into a buffer that grows with what arrives, never with what is announced.
 */
export class PacketReader {
  readonly #onPacket: PacketHandler
  readonly #maxPacketBytes: number
  #limit: number
  /** The beginning of an incomplete packet: `#filled` bytes of it. */
  #partial: Buffer | undefined
  #filled = 0
  /** Copies of what came, or was left over, while paused. */
  #kept: Buffer[] | undefined
  #state: 'flowing' | 'paused' | 'stopped' = 'flowing'
  #busy = false
  #first = true
  // Set by #measure. Fields, so that measuring allocates nothing. Total 0: the header is not complete.
  #headerBytes = 0
  #packetBytes = 0

  constructor(options: PacketReaderOptions) {
    this.#onPacket = options.onPacket
    this.#maxPacketBytes = options.maxPacketBytes
    this.#limit = Math.min(options.maxPacketBytes, options.connectBytes ?? defaultConnectBytes)
  }

  /** The client is logged in: from now on packets up to `maxPacketBytes` are taken. */
  accept(): void {
    this.#limit = this.#maxPacketBytes
  }

  /**
   * Takes a lent chunk. Whatever the handler throws passes through, and stops the reader.
   * @throws PacketError 0x81: a length that is too long; closeOnly: one that is none; 0x82: the first packet is not CONNECT; 0x95: over the limit.
   */
  push(chunk: Buffer): void {
    if (this.#state === 'stopped' || chunk.length === 0) return
    // Bytes that arrive while a handler runs must not overtake the rest of its chunk.
    if (this.#state === 'paused' || this.#busy) this.#keep(Buffer.from(chunk), 'last')
    else this.#deliver(chunk)
  }

  /** Hands out no more packets until `resume`, not even from the chunk at hand. Pause the socket as well. */
  pause(): void {
    if (this.#state === 'flowing') this.#state = 'paused'
  }

  /** Hands out what was kept, in order; may throw what `push` may. */
  resume(): void {
    if (this.#state !== 'paused') return
    this.#state = 'flowing'
    if (!this.#busy) this.#deliver(undefined)
  }

  /** Forgets everything; further bytes are ignored. */
  stop(): void {
    this.#state = 'stopped'
    this.#partial = undefined
    this.#kept = undefined
  }

  get paused(): boolean {
    return this.#state === 'paused'
  }

  /** Bytes of memory that this reader holds. */
  get heldBytes(): number {
    let bytes = this.#partial?.length ?? 0
    for (const chunk of this.#kept ?? []) bytes += chunk.length
    return bytes
  }

  #deliver(chunk: Buffer | undefined): void {
    this.#busy = true
    try {
      if (chunk !== undefined) this.#split(chunk, 'lent')
      for (let kept = this.#take(); kept; kept = this.#take()) this.#split(kept, 'owned')
    } catch (error) {
      this.stop()
      throw error
    } finally {
      this.#busy = false
    }
  }

  #keep(chunk: Buffer, place: 'first' | 'last'): void {
    this.#kept ??= []
    if (place === 'first') this.#kept.unshift(chunk)
    else this.#kept.push(chunk)
  }

  /** The next that was kept, unless it has to go on waiting. */
  #take(): Buffer | undefined {
    if (this.#state !== 'flowing') return undefined
    const chunk = this.#kept?.shift()
    if (this.#kept?.length === 0) this.#kept = undefined
    return chunk
  }

  #split(chunk: Buffer, chunkIs: 'lent' | 'owned'): void {
    let position = this.#partial === undefined ? 0 : this.#complete(chunk)
    while (this.#state === 'flowing' && position < chunk.length) {
      this.#measure(chunk, position, chunk.length)
      const end = position + this.#packetBytes
      if (this.#packetBytes === 0 || end > chunk.length) {
        this.#filled = 0
        this.#fill(chunk, position, chunk.length)
        return
      }
      this.#hand(chunk, position, end)
      position = end
    }
    if (this.#state === 'paused' && position < chunk.length) {
      const rest = chunk.subarray(position)
      this.#keep(chunkIs === 'owned' ? rest : Buffer.from(rest), 'first')
    }
  }

  /** Adds to the incomplete packet what it lacks, hands it over if that was enough, and returns what the chunk gave. */
  #complete(chunk: Buffer): number {
    let position = 0
    this.#measure(this.#partial as Buffer, 0, this.#filled)
    while (this.#packetBytes === 0 && position < chunk.length) {
      this.#fill(chunk, position, position + 1)
      position++
      this.#measure(this.#partial as Buffer, 0, this.#filled)
    }
    if (this.#packetBytes === 0) return position
    const end = Math.min(chunk.length, position + this.#packetBytes - this.#filled)
    this.#fill(chunk, position, end)
    if (this.#filled === this.#packetBytes) {
      const packet = this.#partial as Buffer
      this.#partial = undefined
      this.#hand(packet, 0, this.#filled)
    }
    return end
  }

  #fill(chunk: Buffer, start: number, end: number): void {
    const needed = this.#filled + end - start
    if (this.#partial === undefined || needed > this.#partial.length) {
      const roomy = Math.max(leastBufferBytes, 2 * needed)
      const grown = Buffer.allocUnsafeSlow(this.#packetBytes === 0 ? roomy : Math.min(roomy, this.#packetBytes))
      this.#partial?.copy(grown, 0, 0, this.#filled)
      this.#partial = grown
    }
    chunk.copy(this.#partial, this.#filled, start, end)
    this.#filled = needed
  }

  /** Reads the fixed header at `start`, as far as it is there. */
  #measure(buffer: Buffer, start: number, end: number): void {
    this.#packetBytes = 0
    const type = (buffer[start] as number) >> 4
    if (type === 0) throw violation('packet type 0 is forbidden')
    // At once: what speaks another protocol may never complete a packet of this one.
    if (this.#first && type !== packetType.connect) throw violation('the first packet is not CONNECT') // [MQTT-3.1.0-1]
    let length = 0
    for (let at = start + 1, shift = 0; at < end; at++, shift += 7) {
      const byte = buffer[at] as number
      length |= (byte & 0x7f) << shift
      if (byte < 0x80) {
        if (byte === 0 && shift > 0) throw malformed('the remaining length is longer than needed') // [MQTT-1.5.5-1]
        this.#headerBytes = at + 1 - start
        this.#packetBytes = this.#headerBytes + length
        if (this.#packetBytes > this.#limit) {
          throw new PacketError(
            packetTooLarge,
            `a packet of ${this.#packetBytes} bytes; at most ${this.#limit} are taken`,
          )
        }
        return
      }
      // Where this packet ends, and the next begins, nobody can say.
      if (shift === 21) throw unspoken('the remaining length has more than four bytes')
    }
  }

  #hand(buffer: Buffer, start: number, end: number): void {
    this.#first = false
    this.#onPacket(buffer[start] as number, buffer, start + this.#headerBytes, end)
  }
}
