import { buffer } from 'node:stream/consumers'
import { CommandFailure, exitCodes } from '../exit-codes.ts'
import type { Session } from '../session.ts'
import { connect } from './connect.ts'
import type { PublishFlags } from './flags.ts'

/** Publishes one message, and ends when the broker has taken it. */
export async function publish(flags: PublishFlags, session: Session): Promise<void> {
  const payload = flags.payload ?? (await buffer(process.stdin))
  const properties = propertiesOf(flags)
  const client = await connect(flags, session)
  try {
    const qos = Number(flags.qos) as 0 | 1 | 2
    await client.publishAsync(flags.topic, payload, {
      qos,
      retain: flags.retain === true,
      ...(flags.mqttVersion === '5' && { properties }),
    })
    session.printer.done(`published to ${flags.topic}`)
  } catch (error) {
    throw new CommandFailure(`the broker refused it: ${(error as Error).message}`, {
      next: `robust-ctl acl explain ${client.options.clientId ?? ''} publish ${flags.topic}`,
    })
  } finally {
    await client.endAsync()
  }
}

function propertiesOf({ mqttVersion, contentType, responseTopic, expiry, property = [] }: PublishFlags): object {
  const userProperties: Record<string, string[]> = {}
  for (const text of property) {
    const at = text.indexOf('=')
    if (at < 1) throw new CommandFailure(`expected --property name=value, got "${text}"`, { exitCode: exitCodes.usage })
    const name = text.slice(0, at)
    userProperties[name] = [
      ...(Object.hasOwn(userProperties, name) ? (userProperties[name] ?? []) : []),
      text.slice(at + 1),
    ]
  }
  const properties = {
    ...(contentType !== undefined && { contentType }),
    ...(responseTopic !== undefined && { responseTopic }),
    ...(expiry !== undefined && { messageExpiryInterval: expiry }),
    ...(property.length > 0 && { userProperties }),
  }
  if (mqttVersion !== '5' && Object.keys(properties).length > 0)
    throw new CommandFailure('only MQTT 5 has properties', { exitCode: exitCodes.usage })
  return properties
}
