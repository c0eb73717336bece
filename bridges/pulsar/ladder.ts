import { type BridgeHost, climb, type Rung, reach, servernameOf } from '../../kernel/plugin.ts'
import { Cluster } from './client/cluster.ts'
import { Connection } from './client/connection.ts'
import type { ClientSettings } from './client/settings.ts'

/** Name, port, certificate, login, partitions, and the broker that serves the topic; over connections of its own. */
export async function* climbPulsar(
  settings: ClientSettings,
  host: BridgeHost,
  topic: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<Rung> {
  const [address] = settings.service
  if (address === undefined) return
  const { tls } = settings
  const servername = settings.servername ?? servernameOf(undefined, address.host)
  const secure = tls && { ...tls, ...(servername === undefined ? {} : { servername }) }
  if (!(yield* reach({ ...address, tls: secure }, host.clock, signal))) return

  const login = await climb('login', host.clock, async () => {
    const connection = await Connection.open(address, settings, host, signal)
    connection.close()
    return `${connection.serverVersion}, messages of up to ${connection.maxMessageBytes} bytes`
  })
  yield mended(login, settings)
  if (!login.ok || topic === undefined) return

  const cluster = new Cluster({ ...settings, service: [address] }, host)
  try {
    const metadata = await climb('metadata', host.clock, async () => {
      const partitions = await cluster.partitionsOf(topic, signal)
      return partitions === 0 ? `${topic} is not partitioned` : `${topic} has ${partitions} partitions`
    })
    yield mended(metadata, settings)
    if (!metadata.ok) return
    const served = await climb('topic', host.clock, async () => {
      const broker = await cluster.ownerOf(topic, signal)
      return `served by ${broker.where}`
    })
    yield mended(served, settings)
  } finally {
    cluster.close()
  }
}

/** What to do about it, by what the broker said. */
export function mended(rung: Rung, { token, tls }: Pick<ClientSettings, 'token' | 'tls'>): Rung {
  if (rung.ok) return rung
  const { detail } = rung
  if (detail.includes('AuthenticationError')) {
    const given = token !== undefined ? 'the token' : tls?.cert !== undefined ? 'the certificate tls.cert' : undefined
    const mend =
      given === undefined ? 'give token, or tls.cert and tls.key' : `${given} is not one that this Pulsar accepts`
    return { ...rung, mend }
  }
  if (detail.includes('AuthorizationError')) {
    return { ...rung, mend: 'allow this role to produce and consume: pulsar-admin namespaces grant-permission' }
  }
  if (detail.includes('TopicNotFound')) return { ...rung, mend: 'make the namespace or the topic, or correct its name' }
  if (/closed the connection|Is it a Pulsar broker/.test(detail)) {
    return { ...rung, mend: `check the port: ${tls === undefined ? 'pulsar+ssl:// has' : 'pulsar:// has'} another one` }
  }
  return { ...rung, mend: "look into the broker's log" }
}
