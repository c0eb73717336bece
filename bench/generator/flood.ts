import { BringUp, expectReady } from '../../cli/bench/load/bring-up.ts'
import { Client, type ClientOptions, type ClientOwner } from '../../cli/bench/load/client.ts'
import { OutBuffer } from '../../cli/bench/load/link.ts'
import { PublishWriter } from '../../cli/bench/load/packets.ts'
import type { Figures } from '../load.ts'

const topic = 'b/flood'
/** Of one write: enough that the generator has little to do. */
const messagesPerWrite = 1000

export interface FloodOptions {
  readonly port: number
  readonly payloadBytes: number
  /** One more subscriber, which does not read. */
  readonly frozen: boolean
}

/** One publisher that sends as fast as its socket takes it, and one subscriber that reads. */
export class Flood {
  #sent = 0
  #received = 0

  static async start({ port, payloadBytes, frozen }: FloodOptions): Promise<Flood> {
    const flood = new Flood()
    const bringUp = new BringUp()
    const owner: ClientOwner = {
      settled: () => bringUp.settled(),
      received: () => {
        flood.#received += 1
      },
      acknowledged: () => {},
    }
    const wire = {
      port,
      transport: 'tcp',
      version: 4,
      clean: true,
      keepAliveS: 0,
      qos: 0,
      out: new OutBuffer(),
    } as const
    const client = (clientId: string, filters: string[]): Client => {
      const options: ClientOptions = { ...wire, clientId, filters }
      return new Client(0, options, owner)
    }
    const publisher = client('b-flood', [])
    const reader = client('b-flood-reader', [topic])
    const frozenReader = client('b-flood-frozen', [topic])
    const clients = [publisher, reader, ...(frozen ? [frozenReader] : [])]
    await bringUp.open(clients)
    expectReady(clients)
    if (frozen) frozenReader.freeze()
    publisher.flood(packets(payloadBytes), () => {
      flood.#sent += messagesPerWrite
    })
    return flood
  }

  reset(): void {
    this.#sent = this.#received = 0
  }

  /** Messages a second that left the publisher, and that came to the subscriber that reads. */
  figures(elapsedMs: number): Figures {
    return { floodPerS: (this.#sent / elapsedMs) * 1000, floodReceivedPerS: (this.#received / elapsedMs) * 1000 }
  }
}

function packets(payloadBytes: number): Buffer {
  const out = new OutBuffer()
  const begin = out.end
  const writer = new PublishWriter({ version: 4, qos: 0, retain: false, payloadBytes }, 0)
  for (let at = 0; at < messagesPerWrite; at += 1) writer.write(out, topic, 0, at, 0)
  return out.bytes.subarray(begin, out.end)
}
