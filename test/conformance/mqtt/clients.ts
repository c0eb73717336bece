import { expect } from 'vitest'
import type { TestBroker } from '../../support/broker.ts'
import type { ConnectOptions, Received, Wire } from '../../support/wire.ts'

/** A client that was let in; what it connects with may be given. */
export async function client(broker: TestBroker, options: ConnectOptions = {}): Promise<Wire> {
  const one = await broker.wire({ version: options.version ?? 5 })
  const connack = await one.connect(options)
  const code = connack.reasonCode ?? connack.returnCode
  if (code !== 0) throw new Error(`CONNECT was refused with ${code}`)
  return one
}

/** A 5.0 client whose session stays for an hour, continued unless `clean`. */
export function resident(broker: TestBroker, clientId: string, options: ConnectOptions = {}): Promise<Wire> {
  const properties = { sessionExpiryInterval: 3_600, ...options.properties }
  return client(broker, { clean: false, ...options, clientId, properties })
}

/** A 3.1.1 client whose session stays, continued unless `clean`. */
export function resident3(broker: TestBroker, clientId: string, options: ConnectOptions = {}): Promise<Wire> {
  return client(broker, { version: 4, clean: false, ...options, clientId })
}

/** The broker says DISCONNECT with this code as its only packet, and closes. */
export async function expectDisconnect(wire: Wire, reasonCode: number): Promise<void> {
  const { packets } = await wire.closed()
  expect(packets.map(({ cmd }) => cmd)).toEqual(['disconnect'])
  expect((packets[0] as { reasonCode?: number }).reasonCode).toBe(reasonCode)
}

/** The broker closes without a word, as it does towards 3.x. */
export async function expectClosed(wire: Wire): Promise<void> {
  expect((await wire.closed()).packets).toEqual([])
}

export function hex(packet: Received): string {
  return packet.raw.toString('hex')
}

/** Sends an acknowledgement of a packet that has this identifier. */
export function answer(
  wire: Wire,
  cmd: 'puback' | 'pubrec' | 'pubrel' | 'pubcomp',
  messageId: number | undefined,
  reasonCode = 0,
): void {
  if (messageId === undefined) throw new Error('only a packet with an identifier can be acknowledged')
  wire.send({ cmd, messageId, reasonCode })
}
