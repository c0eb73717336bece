import { readFileSync } from 'node:fs'
import type { Row } from '../api-client.ts'
import { CommandFailure, exitCodes } from '../exit-codes.ts'
import type { Session } from '../session.ts'

/** The first listener that speaks plain MQTT, on the machine of the HTTP API. */
export async function foundBroker({ api }: Session): Promise<string> {
  const { hostname } = new URL(api.url)
  const listeners = (await api.call('GET', '/listeners')) as Row[]
  for (const [transport, scheme] of [
    ['tcp', 'mqtt'],
    ['ws', 'ws'],
  ] as const) {
    const found = listeners.find(one => one.transport === transport && one.protocol === 'mqtt')
    if (found) return `${scheme}://${hostname}:${String(found.port)}${transport === 'ws' ? '/mqtt' : ''}`
  }
  throw new CommandFailure('no listener of the server speaks plain MQTT', {
    exitCode: exitCodes.usage,
    next: 'robust-ctl mqtt subscribe --broker mqtts://HOST:8883 --ca ca.pem ...',
  })
}

/** @throws CommandFailure */
export function readPem(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    throw new CommandFailure(`${file} cannot be read: ${(error as Error).message}`, { exitCode: exitCodes.usage })
  }
}
