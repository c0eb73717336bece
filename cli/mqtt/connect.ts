import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt'
import { CommandFailure, exitCodes } from '../exit-codes.ts'
import type { Session } from '../session.ts'
import { foundBroker, readPem } from './broker-url.ts'
import type { BrokerFlags } from './flags.ts'

const connectTimeoutMs = 10_000

export type { MqttClient }

/** A client of the broker. @throws CommandFailure that says why it was not let in */
export async function connect(flags: BrokerFlags, session: Session): Promise<MqttClient> {
  const url = flags.broker ?? (await foundBroker(session))
  const levels = { '3.1': 3, '3.1.1': 4, 5: 5 } as const
  const protocolVersion = levels[flags.mqttVersion]
  const password = process.env.ROBUSTMQ_PASSWORD
  const options: IClientOptions = {
    protocolVersion,
    // MQTT 3.1 has a name of its own, and clients must name themselves.
    ...(protocolVersion === 3 && { protocolId: 'MQIsdp' as const }),
    clientId: flags.clientId ?? `robust-ctl-${process.pid}`,
    clean: true,
    reconnectPeriod: 0,
    connectTimeout: connectTimeoutMs,
    ...(flags.username !== undefined && { username: flags.username }),
    ...(password !== undefined && { password }),
    ...(flags.ca !== undefined && { ca: [readPem(flags.ca)] }),
    ...(flags.cert !== undefined && { cert: readPem(flags.cert) }),
    ...(flags.key !== undefined && { key: readPem(flags.key) }),
    ...(flags.insecure && { rejectUnauthorized: false }),
  }
  try {
    return await connectAsync(url, options, false)
  } catch (error) {
    const { code, message } = error as { code?: unknown; message: string }
    const refused = typeof code === 'number'
    throw new CommandFailure(`${url}: ${message || String(code)}`, {
      exitCode: refused ? exitCodes.failed : exitCodes.unreachable,
      next: refused ? 'robust-ctl acl list' : 'robust-ctl cluster listener list',
    })
  }
}
