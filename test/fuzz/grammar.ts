import { PacketGrammar } from '../hostile/mutations.ts'
import { webSocketFrame } from '../hostile/raw-websocket.ts'
import { byte, frame, text, u16 } from '../support/bytes.ts'
import type { Random } from '../support/random.ts'
import type { Version } from '../support/wire.ts'
import { changed } from './bytes.ts'
import { type Carrier, maxStepBytes, maxSteps, type Script, type Step } from './script.ts'

const upgrade = [
  'GET /mqtt HTTP/1.1',
  'Host: localhost',
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Protocol: mqtt',
]
const proxyHeaders = [
  Buffer.from('PROXY TCP4 127.0.0.1 127.0.0.1 1234 1883\r\n'),
  Buffer.from('PROXY TCP6 ::1 ::1 1234 1883\r\n'),
  Buffer.from('PROXY UNKNOWN\r\n'),
  Buffer.from('0d0a0d0a000d0a515549540a2111000c7f0000017f00000104d2075b', 'hex'),
  Buffer.from('0d0a0d0a000d0a515549540a21110013 7f0000017f00000104d2075b 0400040000000000'.replaceAll(' ', ''), 'hex'),
  Buffer.from('0d0a0d0a000d0a515549540a20000000', 'hex'),
]
const durations = [1, 999, 1_500, 5_001, 30_000]

/** Makes scripts that two well-behaved clients could play, and changes scripts as no client would. */
export class ScriptGrammar {
  readonly #random: Random

  constructor(random: Random) {
    this.#random = random
  }

  make(level: Version, carrier: Carrier): Script {
    const random = this.#random
    const packets = new PacketGrammar(random, level)
    const steps: Step[] = []
    for (const client of [0, 1] as const)
      steps.push(...this.#wrapped(carrier, client, packets.connect(`fuzz-${client}`), true))
    for (let left = random.integer(2, 20); left > 0; left--) {
      const client = random.chance(0.5) ? 0 : 1
      if (random.chance(0.12)) steps.push(...this.#event(level, carrier, client))
      else steps.push(...this.#wrapped(carrier, client, this.#packet(packets, level), false))
    }
    const storage = random.chance(0.15) ? 'file' : 'memory'
    return { level, carrier, storage, answers: random.chance(0.6), steps }
  }

  /** One to six changes; `others` are scripts to borrow from. */
  mutate(script: Script, others: readonly Script[]): Script {
    let result = script
    for (let left = this.#random.integer(1, 6); left > 0; left--) result = this.#change(result, others)
    return { ...result, steps: result.steps.slice(0, maxSteps).map(bounded) }
  }

  #change(script: Script, others: readonly Script[]): Script {
    const random = this.#random
    const steps = [...script.steps]
    const at = random.integer(0, Math.max(0, steps.length - 1))
    const step = steps[at]
    switch (random.integer(0, 9)) {
      case 0:
        steps.splice(at, 1)
        break
      case 1:
        if (step) steps.splice(random.integer(0, steps.length), 0, step)
        break
      case 2:
        steps.splice(at, 0, ...this.#event(script.level, script.carrier, random.chance(0.5) ? 0 : 1))
        break
      case 3: {
        const packet = this.#packet(new PacketGrammar(random, script.level), script.level)
        steps.splice(at, 0, ...this.#wrapped(script.carrier, random.chance(0.5) ? 0 : 1, packet, false))
        break
      }
      case 4: {
        const other = others[random.integer(0, Math.max(0, others.length - 1))]
        if (other) steps.splice(at, steps.length, ...other.steps.slice(random.integer(0, other.steps.length)))
        break
      }
      case 5:
        if (random.chance(0.2)) return { ...script, answers: !script.answers }
        if (random.chance(0.2)) return { ...script, level: random.integer(3, 5) as Version }
        break
      default:
        if (step?.act === 'send') steps.splice(at, 1, ...this.#changeBytes(step))
    }
    return { ...script, steps }
  }

  #changeBytes(step: Step & { act: 'send' }): Step[] {
    const random = this.#random
    if (!random.chance(0.15)) return [{ ...step, bytes: changed(random, step.bytes) }]
    const at = random.integer(0, step.bytes.length)
    return [
      { ...step, bytes: step.bytes.subarray(0, at) },
      { ...step, bytes: step.bytes.subarray(at) },
    ]
  }

  #packet(packets: PacketGrammar, level: Version): Buffer {
    const random = this.#random
    switch (random.integer(0, 14)) {
      case 0:
        return packets.connect(`fuzz-${random.integer(0, 1)}`)
      case 1:
        return level === 5 ? frame(0xe0, byte(random.integer(0, 4), 0)) : frame(0xe0)
      case 2:
        return level === 5 ? frame(0xf0, byte(random.chance(0.5) ? 0x18 : 0x19, 0)) : frame(0xc0)
      case 3:
        return frame([0x40, 0x50, 0x62, 0x70][random.integer(0, 3)] as number, u16(random.integer(1, 4)), byte(0x80))
      case 4:
        return frame(0x30, text('fuzz/a'), level === 5 ? byte(3, 0x23, 0, random.integer(1, 3)) : byte(), byte(1))
      default:
        return packets.packet()
    }
  }

  #event(level: Version, carrier: Carrier, client: 0 | 1): Step[] {
    const random = this.#random
    switch (random.integer(0, 3)) {
      case 0:
        return [{ act: 'beat' }]
      case 1:
        return [{ act: 'beat' }, { act: 'pass', ms: durations[random.integer(0, durations.length - 1)] as number }]
      case 2:
        return [{ act: random.chance(0.5) ? 'cut' : 'end', client }]
      default: {
        const connect = new PacketGrammar(random, level).connect(`fuzz-${client}`)
        return [{ act: 'cut', client }, { act: 'open', client }, ...this.#wrapped(carrier, client, connect, true)]
      }
    }
  }

  /** A packet as its carrier carries it; before the first one comes what opens the carrier. */
  #wrapped(carrier: Carrier, client: 0 | 1, packet: Buffer, first: boolean): Step[] {
    const random = this.#random
    const send = (bytes: Buffer): Step => ({ act: 'send', client, bytes })
    if (carrier === 'tcp' || carrier === 'ws') return [send(packet)]
    if (carrier === 'proxied') {
      return first
        ? [send(proxyHeaders[random.integer(0, proxyHeaders.length - 1)] as Buffer), send(packet)]
        : [send(packet)]
    }
    const cut = random.chance(0.3) ? random.integer(0, packet.length) : packet.length
    const frames = [webSocketFrame(cut === packet.length ? 0x82 : 0x02, packet.subarray(0, cut))]
    if (cut < packet.length) frames.push(webSocketFrame(0x80, packet.subarray(cut)))
    if (random.chance(0.1)) frames.splice(1, 0, webSocketFrame(random.chance(0.5) ? 0x89 : 0x8a, Buffer.from('?')))
    const opening = first && carrier === 'upgrade' ? [Buffer.from(`${upgrade.join('\r\n')}\r\n\r\n`)] : []
    return [...opening, ...frames].map(send)
  }
}

function bounded(step: Step): Step {
  return step.act === 'send' && step.bytes.length > maxStepBytes
    ? { ...step, bytes: step.bytes.subarray(0, maxStepBytes) }
    : step
}
