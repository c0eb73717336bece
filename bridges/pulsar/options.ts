import type { DocumentTemplate, OptionsSpec, Template, TlsClientOptions } from '../../kernel/plugin.ts'
import { type Compression, missingCompressions } from './client/compression.ts'
import type { SubscriptionType } from './client/consumer.ts'
import { subscriptionTypes } from './client/consumer.ts'
import type { KeyHash } from './client/key-hash.ts'

export interface PulsarOptions {
  readonly url: string
  readonly tls?: TlsClientOptions
  readonly token?: string
  /** ms */
  readonly connectTimeout: number
  /** ms */
  readonly timeout: number
  /** Bytes of text. */
  readonly maxFrame: number
}

export interface PulsarTo {
  readonly topic: Template
  readonly key?: Template
  readonly orderingKey?: Template
  readonly value?: DocumentTemplate
  readonly headers?: Readonly<Record<string, Template>>
  readonly forwardHeaders: boolean
}

export interface PulsarDelivery {
  readonly partition: Template
  readonly hash: KeyHash
  readonly batches: 'mixed' | 'by-key'
  readonly compression: Compression
}

export interface PulsarFrom {
  readonly topic: string
  readonly subscription: string
  readonly type: SubscriptionType
  readonly from: 'latest' | 'earliest'
  readonly queue: number
  readonly queueBytes: number
}

export const urlOption = {
  type: 'string',
  required: true,
  describe:
    'pulsar://host:6650, pulsar+ssl://host:6651, several hosts with commas between; or ws://host:8080 and wss://, which is much slower, where only HTTP gets through.',
} as const

export const tokenOption = {
  type: 'string',
  secret: true,
  describe: 'A token (JWT) to log in with. Use ${env:NAME} or ${file:path}.',
} as const

export const timeoutOptions: OptionsSpec = {
  connectTimeout: {
    ...{ type: 'duration', default: 5_000, min: 100, max: 60_000 },
    describe: 'For TCP, TLS and the login together.',
  },
  timeout: {
    ...{ type: 'duration', default: 10_000, min: 1_000, max: 300_000 },
    describe: 'For the broker to answer, and to store a batch; then the batch is repeated.',
  },
}

export const maxFrameOption = {
  type: 'bytes',
  default: '1MB',
  min: 65_536,
  max: 1_073_741_824,
  describe:
    'By WebSocket: how large a frame Pulsar takes (its webSocketMaxTextFrameSize), which is a third more than the payload. What is larger is rejected.',
} as const

export const toOptions: OptionsSpec = {
  topic: {
    type: 'template',
    required: true,
    describe: 'The topic: orders, or persistent://tenant/namespace/orders in full.',
  },
  key: { type: 'template', describe: 'The key: messages of one key stay in order. Absent: no key.' },
  orderingKey: { type: 'template', describe: 'What Key_Shared subscriptions go by instead of the key.' },
  value: { type: 'document', describe: 'The value. Default: the payload as it is.' },
  headers: {
    type: 'map',
    of: { type: 'template', describe: 'The value of one property; one that is missing is left out.' },
    describe: 'Properties of each message.',
  },
  forwardHeaders: {
    type: 'boolean',
    default: false,
    describe:
      "The message's own headers (user properties) as well. Of several of one name the last stays, `headers` over them.",
  },
}

export const deliveryOptions: OptionsSpec = {
  batch: {
    type: 'bytes',
    default: '4MB',
    min: 1,
    max: 67_108_864,
    describe: 'Bytes of one batch, of all partitions together; what is too much for one entry becomes several.',
  },
  partition: {
    type: 'template',
    default: 'key',
    describe:
      '`key`: by the hash of the key, and without a key one for a whole batch. `round-robin`: each message the next one, whatever its key. Else a template that gives a number.',
  },
  hash: {
    type: 'string',
    choices: ['java', 'murmur3'],
    default: 'java',
    describe: "The hash of keys: `java` is the Java client's default. All who write to a topic must use the same.",
  },
  batches: {
    type: 'string',
    choices: ['mixed', 'by-key'],
    default: 'mixed',
    describe: 'by-key: one key a batch, which Key_Shared subscriptions of the topic need.',
  },
  compression: {
    type: 'string',
    choices: ['none', 'lz4', 'zlib', 'zstd'],
    missing: missingCompressions,
    default: 'none',
    describe: 'Of whole batches. zstd needs Node 22.15 or later.',
  },
}

export const fromOptions: OptionsSpec = {
  topic: { type: 'string', required: true, describe: 'The topic; if it is partitioned, all of its partitions.' },
  subscription: {
    type: 'string',
    required: true,
    describe: 'The subscription, under which the position is kept in Pulsar.',
  },
  type: {
    type: 'string',
    choices: subscriptionTypes,
    default: 'failover',
    describe:
      'failover: one reads a partition at a time, the others stand by. shared and key_shared: all read, in no common order.',
  },
  from: {
    type: 'string',
    choices: ['latest', 'earliest'],
    default: 'latest',
    describe: 'Where a subscription begins that does not exist yet.',
  },
  queue: {
    ...{ type: 'number', default: 5_000, min: 1, max: 100_000 },
    describe: 'Messages that may be on their way to the broker, of each partition.',
  },
  queueBytes: {
    ...{ type: 'bytes', default: '8MB', min: 1_024, max: 1_073_741_824 },
    describe: 'About how many bytes of them.',
  },
}
