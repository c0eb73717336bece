import type { TestBroker } from '../../support/broker.ts'
import type { ConnectOptions, PublishOptions, ReceivedOf, Wire } from '../../support/wire.ts'

/** A raw client that was let in. */
export async function client(broker: TestBroker, options: ConnectOptions = {}): Promise<Wire> {
  const opened = await broker.wire()
  const { reasonCode, returnCode } = await opened.connect(options)
  const code = reasonCode ?? returnCode
  if (code !== 0) throw new Error(`the broker refused the client with ${code}`)
  return opened
}

/** The reason code with which a client is turned away. */
export async function refusal(broker: TestBroker, options: ConnectOptions = {}): Promise<number | undefined> {
  const refused = await broker.wire()
  const { reasonCode, returnCode } = await refused.connect(options)
  await refused.closed()
  return reasonCode ?? returnCode
}

/** The next message, as topic and text. */
export async function message(of: Wire): Promise<[topic: string, text: string]> {
  return text(await of.next('publish'))
}

/** What came so far, read or not. */
export function messages(of: Wire): [topic: string, text: string][] {
  return of.received.flatMap(packet => (packet.cmd === 'publish' ? [text(packet)] : []))
}

function text({ topic, payload }: ReceivedOf<'publish'>): [topic: string, text: string] {
  return [topic, String(payload)]
}

/** Publishes, and returns the reason code of the first answer: PUBACK or PUBREC. */
export async function publishCode(
  of: Wire,
  topic: string,
  payload = 'x',
  options: PublishOptions = {},
): Promise<number> {
  const [answer] = await of.publish(topic, payload, { qos: 1, ...options })
  return (answer as { reasonCode?: number } | undefined)?.reasonCode ?? 0
}
