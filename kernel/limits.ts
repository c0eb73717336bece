/** Everything that can grow has a limit here, with its name and default. 0 means: no limit. */
export const defaultLimits = {
  /** What the process may take; near it publishers wait, and what cannot wait is refused or dropped. */
  memoryBytes: 0,
  /** Open connections, of the node. */
  connections: 100_000,
  /** Open connections of one tenant. */
  tenantConnections: 0,
  /** Connections accepted per second; bursts of as many. */
  connectsPerSecond: 0,
  tenantConnectsPerSecond: 0,
  /** Failed logins a minute with one user name from one address; past it further ones are refused unheard. */
  failedLoginsPerMinute: 30,
  /** Sessions, open and kept, of the node, of a tenant, and of one user. */
  sessions: 1_000_000,
  tenantSessions: 0,
  userSessions: 0,
  /** Bindings of one session. */
  sessionBindings: 10_000,
  /** Bindings of all sessions of the node, and of a tenant. */
  bindings: 10_000_000,
  tenantBindings: 0,
  /** Messages a second, and bytes a second, that one connection may publish; past it its socket is not read. */
  publishesPerSecond: 0,
  publishBytesPerSecond: 0,
  tenantPublishesPerSecond: 0,
  nodePublishesPerSecond: 0,
  /** UTF-8 bytes of a topic or filter. */
  topicBytes: 65_535,
  /** Levels of a topic or filter. */
  topicLevels: 128,
  /** Retained messages and their bytes, of a tenant. */
  retainedMessages: 1_000_000,
  retainedBytes: 1_073_741_824,
  /** The same, of the node. */
  nodeRetainedMessages: 0,
  nodeRetainedBytes: 0,
  /** Bytes of one retained message. */
  retainedMessageBytes: 1_048_576,
  /** Messages and bytes waiting in one queue. */
  queueMessages: 100_000,
  queueBytes: 67_108_864,
  /** Bytes waiting in memory in all queues together. */
  queuedBytes: 1_073_741_824,
  /** Delayed messages of a tenant and their bytes. */
  delayedMessages: 100_000,
  delayedBytes: 268_435_456,
  /** How far ahead a message may be delayed, in ms: 365 days. */
  delayMs: 31_536_000_000,
  /** The longest a session may outlive its connection, in ms. 0: as long as it asks. */
  sessionExpiryMs: 0,
  /** Entries of the blacklist. */
  bans: 100_000,
  /** Bytes of recently stored messages kept in memory, so that a queue rarely reads the disk. */
  spoolCacheBytes: 67_108_864,
}

export type Limits = { readonly [Name in keyof typeof defaultLimits]: number }
