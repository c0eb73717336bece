import type { Disk } from '../../storage-plugins/file/disk.ts'
import { fileOn } from '../../storage-plugins/file/index.ts'
import { type BrokerOptions, startBroker, type TestBroker } from '../support/broker.ts'
import type { ConnectOptions, Wire } from '../support/wire.ts'

/** The whole broker on a disk that fails on demand. */
export function startOn(disk: Disk, options: BrokerOptions = {}): Promise<TestBroker> {
  const small = { directory: '/data', segment: 16_384, batch: 65_536, snapshot: 16_384 }
  return startBroker({
    ...options,
    kernel: {
      ...options.kernel,
      storage: { plugin: fileOn(disk), options: small },
      alarms: { probes: { disk: async () => undefined, memory: () => 0, cpu: () => 0 } },
    },
  })
}

/** A client whose session is durable. */
export async function durable(broker: TestBroker, clientId: string, options: ConnectOptions = {}): Promise<Wire> {
  const one = await broker.wire({ version: options.version ?? 5, timeoutMs: 4_000 })
  const properties = one.version === 5 ? { sessionExpiryInterval: 0xffff_ffff } : {}
  const { reasonCode, returnCode } = await one.connect({ clean: false, clientId, properties, ...options })
  if ((reasonCode ?? returnCode) !== 0) throw new Error(`refused with ${reasonCode ?? returnCode}`)
  return one
}
