import { KeyedRates, PublishRate, Rate } from './access/index.ts'
import type { Clock } from './contract/clock.ts'
import type { Limits } from './limits.ts'
import type { SpaceHost } from './space.ts'

/** How much may be published, by the node, by a tenant, by one connection. */
export function publishRates(
  clock: Clock,
  limits: Limits,
): Pick<SpaceHost, 'nodeRate' | 'tenantRates' | 'connectionRate'> {
  const { nodePublishesPerSecond, tenantPublishesPerSecond } = limits
  return {
    nodeRate: nodePublishesPerSecond > 0 ? new Rate(clock, nodePublishesPerSecond) : undefined,
    tenantRates: tenantPublishesPerSecond > 0 ? new KeyedRates(clock, tenantPublishesPerSecond) : undefined,
    connectionRate: () => connectionRate(clock, limits),
  }
}

/** Undefined where no rate of a connection is limited. */
export function connectionRate(
  clock: Clock,
  { publishesPerSecond: messagesPerSecond, publishBytesPerSecond: bytesPerSecond }: Limits,
): PublishRate | undefined {
  if (messagesPerSecond === 0 && bytesPerSecond === 0) return undefined
  return new PublishRate(clock, { messagesPerSecond, bytesPerSecond })
}
