import { reservePort } from '../../kernel/net/listen.ts'
import type { ListenerOptions } from '../../kernel/plugin.ts'

/** Node lets a server share its port with other processes since 22.12, where the system spreads connections over them. */
export function sharesPorts(version = process.versions.node, platform: string = process.platform): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return platform === 'linux' && (major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12))
}

/**
 * Finds out, before any worker is there, whether the ports can be had: a port that is shared would let a second broker
 * of the same user in without a word. A port 0 becomes the one that the system chose.
 * @throws BrokerError LISTEN_FAILED
 */
export async function reservePorts(listeners: readonly ListenerOptions[]): Promise<ReadonlyMap<string, number>> {
  const reserved = await Promise.all(listeners.map(async ({ name, port, host }) => reservePort(name, port, host)))
  const ports = new Map(listeners.map(({ name }, i) => [name, reserved[i]?.port ?? 0]))
  await Promise.all(reserved.map(({ release }) => release()))
  return ports
}
