import { byte, frame, properties, text, u16, u32, userProperty, varint } from '../support/bytes.ts'
import type { Random } from '../support/random.ts'
import type { Version } from '../support/wire.ts'

/** Grammar-based fuzz: packets that are valid in their version, then changed as no client would. */
export class PacketGrammar {
  readonly #random: Random
  readonly #version: Version

  constructor(random: Random, version: Version) {
    this.#random = random
    this.#version = version
  }

  connect(clientId: string): Buffer {
    const random = this.#random
    const will = random.chance(0.3)
    const flags =
      (random.chance(0.7) ? 2 : 0) | (will ? 4 | (random.integer(0, 2) << 3) | (random.chance(0.3) ? 0x20 : 0) : 0)
    const name = this.#version === 3 ? 'MQIsdp' : 'MQTT'
    const parts = [
      text(name),
      byte(this.#version, flags),
      u16(random.integer(0, 100)),
      this.#properties(['21', '11', '22', '26']),
    ]
    parts.push(text(clientId))
    if (will) parts.push(this.#properties(['18', '02', '26']), text(this.#topic()), text('will'))
    return frame(0x10, ...parts)
  }

  packet(): Buffer {
    const random = this.#random
    const id = u16(random.integer(1, 8))
    switch (random.integer(0, 9)) {
      case 0:
        return frame(0x82, id, this.#properties(['0b', '26']), text(this.#filter()), byte(random.integer(0, 2)))
      case 1:
        return frame(0xa2, id, this.#properties(['26']), text(this.#filter()))
      case 2:
        return frame(0x40, id)
      case 3:
        return frame(0x50, id)
      case 4:
        return frame(0x62, id)
      case 5:
        return frame(0x70, id)
      case 6:
        return frame(0xc0)
      default:
        return this.#publish(id)
    }
  }

  /** One change: bits, bytes, lengths, order. */
  mutate(packets: Buffer[]): Buffer[] {
    const random = this.#random
    const at = random.integer(0, packets.length - 1)
    const packet = Buffer.from(packets[at] as Buffer)
    const place = random.integer(0, packet.length - 1)
    const changed = [...packets]
    switch (random.integer(0, 8)) {
      case 0:
        packet[place] = (packet[place] as number) ^ (1 << random.integer(0, 7))
        break
      case 1:
        packet[place] = random.integer(0, 255)
        break
      case 2:
        return changed.with(at, packet.subarray(0, place))
      case 3:
        return changed.with(at, Buffer.concat([packet.subarray(0, place), this.#noise(), packet.subarray(place)]))
      case 4:
        changed.splice(at, 0, packet)
        return changed
      case 5:
        changed.splice(at, 1)
        return changed.length > 0 ? changed : packets
      case 6: {
        const other = random.integer(0, packets.length - 1)
        changed[at] = packets[other] as Buffer
        changed[other] = packet
        return changed
      }
      case 7:
        // The remaining length no longer says what follows.
        return changed.with(
          at,
          Buffer.concat([packet.subarray(0, 1), varint(random.integer(0, 300)), packet.subarray(2)]),
        )
      default:
        packet[0] = random.integer(0, 255)
    }
    return changed.with(at, packet)
  }

  #publish(id: Buffer): Buffer {
    const random = this.#random
    const qos = random.integer(0, 2)
    const header = 0x30 | (qos << 1) | (random.chance(0.2) ? 1 : 0) | (qos > 0 && random.chance(0.1) ? 8 : 0)
    const section = this.#properties(['01', '02', '23', '08', '03', '26'])
    return frame(
      header,
      text(this.#topic()),
      ...(qos > 0 ? [id] : []),
      section,
      Buffer.from(`fuzz ${random.integer(0, 1e6)}`),
    )
  }

  #topic(): string {
    const topics = ['fuzz/a', 'fuzz/b', 'fuzz/a/b', '$delayed/1/fuzz/a', '$mine/x', 'fuzz//', '/']
    return topics[this.#random.integer(0, topics.length - 1)] as string
  }

  #filter(): string {
    const filters = [
      'fuzz/#',
      'fuzz/+',
      '#',
      '+/+',
      '$share/g/fuzz/#',
      '$queue/fuzz/a',
      '$exclusive/fuzz/b',
      '$mine/#',
      'fuzz/a',
    ]
    return filters[this.#random.integer(0, filters.length - 1)] as string
  }

  #properties(identifiers: readonly string[]): Buffer {
    if (this.#version !== 5) return Buffer.alloc(0)
    const random = this.#random
    const chosen = identifiers.filter(() => random.chance(0.25)).map(identifier => this.#property(identifier))
    return properties(...chosen)
  }

  #property(identifier: string): Buffer {
    const random = this.#random
    switch (identifier) {
      case '01':
        return byte(1, random.integer(0, 1))
      case '02':
      case '18':
      case '11':
        return Buffer.concat([byte(Number.parseInt(identifier, 16)), u32(random.integer(0, 3))])
      case '21':
      case '22':
        return Buffer.concat([byte(Number.parseInt(identifier, 16)), u16(random.integer(1, 20))])
      case '23':
        return Buffer.concat([byte(0x23), u16(random.integer(1, 64))])
      case '0b':
        return byte(0x0b, random.integer(1, 127))
      case '26':
        return userProperty('key', 'value')
      default:
        return Buffer.concat([byte(Number.parseInt(identifier, 16)), text('text')])
    }
  }

  #noise(): Buffer {
    return Buffer.from(Array.from({ length: this.#random.integer(1, 6) }, () => this.#random.integer(0, 255)))
  }
}
