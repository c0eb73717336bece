import type { AnyBridgePlugin } from '../kernel/bridging/bridge-options.ts'
import type { AuthPlugin, ProtocolPlugin, StoragePlugin } from '../kernel/plugin.ts'

type Load<P> = () => Promise<P>

export interface Catalogue {
  readonly protocols: Readonly<Record<string, Load<ProtocolPlugin<never>>>>
  readonly storage: Readonly<Record<string, Load<StoragePlugin<never>>>>
  readonly auth: Readonly<Record<string, Load<AuthPlugin<never>>>>
  readonly bridges: Readonly<Record<string, Load<AnyBridgePlugin>>>
  /** Protocols that are not ours: their options stand under `protocols`, so that no name takes a key of the top level. */
  readonly added?: readonly string[]
}

/** Every plugin that robust-server ships, by the name the configuration uses. What is not used is not loaded. */
export const catalogue: Catalogue = {
  protocols: {
    mqtt: async () => (await import('../protocols/mqtt/index.ts')).mqtt,
  },
  storage: {
    file: async () => (await import('../storage-plugins/file/index.ts')).file,
    memory: async () => (await import('../storage-plugins/memory/index.ts')).memory,
  },
  auth: {
    password: async () => (await import('../auth-plugins/password/index.ts')).password,
    jwt: async () => (await import('../auth-plugins/jwt/index.ts')).jwt,
    http: async () => (await import('../auth-plugins/http/index.ts')).http,
  },
  bridges: {
    http: async () => (await import('../bridges/http/index.ts')).http,
    mqtt: async () => (await import('../bridges/mqtt/index.ts')).mqttBridge,
    kafka: async () => (await import('../bridges/kafka/index.ts')).kafka,
    pulsar: async () => (await import('../bridges/pulsar/index.ts')).pulsar,
  },
}
