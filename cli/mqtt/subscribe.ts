import type { IPublishPacket } from 'mqtt'
import { CommandFailure } from '../exit-codes.ts'
import { printable } from '../output/cell.ts'
import type { Session } from '../session.ts'
import { connect } from './connect.ts'
import type { SubscribeFlags } from './flags.ts'

/** Prints messages until the count is reached, a signal comes, or the broker goes. */
export async function subscribe(flags: SubscribeFlags, session: Session): Promise<void> {
  const client = await connect(flags, session)
  const qos = Number(flags.qos) as 0 | 1 | 2
  let left = flags.count ?? Number.POSITIVE_INFINITY
  const people = session.printer.forPeople && flags.format === undefined
  const ended = new Promise<void>((resolve, reject) => {
    client.on('message', (topic, payload, packet) => {
      if (left <= 0 || (packet.retain && !flags.retained)) return
      left--
      process.stdout.write(`${lineOf({ topic, payload, packet }, flags.format, people)}\n`)
      if (left <= 0) resolve()
    })
    client.on('error', error => reject(new CommandFailure(error.message)))
    client.on('close', () => reject(new CommandFailure('the broker has closed the connection')))
    process.once('SIGINT', resolve)
    process.once('SIGTERM', resolve)
  })
  // Whoever waits below is told; until then its failure is no bug.
  ended.catch(() => {})
  try {
    const granted = await client.subscribeAsync([...flags.topic], { qos }).catch((error: Error) => {
      throw new CommandFailure(`the broker refused to subscribe: ${error.message}`)
    })
    const refused = granted.find(one => one.qos >= 0x80)
    if (refused) throw new CommandFailure(`the broker refused "${refused.topic}" (0x${refused.qos.toString(16)})`)
    await ended
  } finally {
    client.removeAllListeners('close')
    await client.endAsync(true)
  }
}

interface Came {
  readonly topic: string
  readonly payload: Buffer
  readonly packet: IPublishPacket
}

function lineOf({ topic, payload, packet }: Came, format: string | undefined, people: boolean): string {
  const values: Readonly<Record<string, () => string>> = {
    t: () => topic,
    p: () => payload.toString(),
    q: () => String(packet.qos),
    r: () => String(packet.retain),
    j: () => JSON.stringify(asJson({ topic, payload, packet })),
    '%': () => '%',
  }
  if (format !== undefined) return format.replace(/%([tpqrj%])/g, (_, letter: string) => values[letter]?.() ?? '')
  if (!people) return JSON.stringify(asJson({ topic, payload, packet }))
  const { properties } = packet
  const more = properties ? `\n  ${JSON.stringify(properties)}` : ''
  return `${printable(topic)}  (QoS ${packet.qos}${packet.retain ? ', retained' : ''})\n${pretty(payload)}${more}`
}

function asJson({ topic, payload, packet }: Came): object {
  const text = payload.toString()
  const isText = Buffer.from(text).equals(payload)
  return {
    topic,
    ...(isText ? { payload: text } : { payload: payload.toString('base64'), encoding: 'base64' }),
    qos: packet.qos,
    retain: packet.retain,
    ...(packet.properties && { properties: packet.properties }),
  }
}

/** JSON is laid out; what is no text is shown as bytes. */
function pretty(payload: Buffer): string {
  const text = payload.toString()
  if (!Buffer.from(text).equals(payload)) return `  ${payload.toString('hex').replace(/(..)/g, '$1 ').trimEnd()}`
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object') return indented(JSON.stringify(value, null, 2))
  } catch {
    // No JSON: it is shown as it is.
  }
  return indented(text.split('\n').map(printable).join('\n'))
}

function indented(text: string): string {
  return text.replace(/^/gm, '  ')
}
