import type { DocumentTemplate, OptionsSpec, Template, TlsClientOptions } from '../../kernel/plugin.ts'
import { tlsClientOptions } from '../../kernel/plugin.ts'
import { compressions, hasZstd, needsForZstd } from './wire/compression.ts'
import type { Mechanism } from './wire/sasl.ts'
import { mechanisms } from './wire/sasl.ts'

export interface SaslOptions {
  readonly mechanism: Mechanism
  readonly username?: string
  readonly password?: string
  readonly token?: string
  readonly tokenUrl?: string
  readonly clientId?: string
  readonly clientSecret?: string
  readonly scope?: string
}

export interface KafkaOptions {
  readonly brokers: readonly string[]
  readonly clientId?: string
  readonly tls?: TlsClientOptions
  readonly sasl?: SaslOptions
  /** ms */
  readonly connectTimeout?: number
  /** ms */
  readonly timeout?: number
}

export interface KafkaTo {
  readonly topic: Template
  readonly key?: Template
  readonly value?: DocumentTemplate
  readonly headers?: Readonly<Record<string, Template>>
  readonly forwardHeaders?: boolean
  readonly tombstones?: boolean
  readonly createTopics?: boolean
}

export interface KafkaDelivery {
  readonly acks?: 'all'
  readonly partition?: Template
  readonly compression?: 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'
}

export interface KafkaFrom {
  readonly topic: string
  readonly group: string
  readonly from?: 'latest' | 'earliest'
  /** ms */
  readonly sessionTimeout?: number
  /** ms */
  readonly rebalanceTimeout?: number
  readonly fetchBytes?: number
}

export const connectionOptions: OptionsSpec = {
  brokers: {
    type: 'list',
    required: true,
    of: { type: 'string', describe: 'host:port; without a port it is 9092.' },
    describe: 'Brokers to begin with; one that answers names all others.',
  },
  clientId: { type: 'string', default: 'robustmq', describe: 'What the brokers log and meter this client as.' },
  tls: {
    type: 'object',
    describe: 'TLS; `{}` trusts what Node trusts.',
    fields: tlsClientOptions,
  },
  sasl: {
    type: 'object',
    describe: 'The login.',
    fields: {
      mechanism: { type: 'string', required: true, choices: mechanisms, describe: 'How to log in.' },
      username: { type: 'string', describe: 'Of plain and scram.' },
      password: { type: 'string', secret: true, describe: 'Of plain and scram.' },
      token: { type: 'string', secret: true, describe: 'Of oauthbearer: a token that does not expire soon.' },
      tokenUrl: { type: 'string', describe: 'Of oauthbearer: where tokens are had for client credentials.' },
      clientId: { type: 'string', describe: 'Of oauthbearer, with `tokenUrl`.' },
      clientSecret: { type: 'string', secret: true, describe: 'Of oauthbearer, with `tokenUrl`.' },
      scope: { type: 'string', describe: 'Of oauthbearer, with `tokenUrl`: what the token is for.' },
    },
  },
  connectTimeout: {
    ...{ type: 'duration', default: 3_000, min: 100, max: 60_000 },
    describe: 'For TCP, TLS and the login together.',
  },
  timeout: {
    ...{ type: 'duration', default: 5_000, min: 1_000, max: 300_000 },
    describe: 'For a broker and its replicas to store a batch; then the connection is given up and the batch repeated.',
  },
}

export const toOptions: OptionsSpec = {
  topic: { type: 'template', required: true, describe: 'The Kafka topic.' },
  key: { type: 'template', describe: 'The key: messages of one key stay in order. Absent: no key.' },
  value: { type: 'document', describe: 'The value. Default: the payload as it is.' },
  headers: {
    type: 'map',
    of: { type: 'template', describe: 'The value of one header; one that is missing is left out.' },
    describe: 'Headers of each record.',
  },
  forwardHeaders: {
    type: 'boolean',
    default: false,
    describe: "The message's own headers (user properties) as well, in their order, before `headers`.",
  },
  tombstones: {
    type: 'boolean',
    default: false,
    describe: 'An empty value becomes null, which deletes its key from a compacted topic.',
  },
  createTopics: {
    type: 'boolean',
    default: false,
    describe:
      'Lets brokers make topics that do not exist, where they are set up to; otherwise such messages become dead letters.',
  },
}

export const deliveryOptions: OptionsSpec = {
  batch: {
    type: 'bytes',
    default: '4MB',
    min: 1,
    max: 67_108_864,
    describe: 'Bytes of one batch, of all partitions together; each of them gets at most 1 MB of it at once.',
  },
  acks: { type: 'string', choices: ['all'], default: 'all', describe: 'All replicas in sync have it.' },
  partition: {
    type: 'template',
    default: 'key',
    describe:
      '`key`: as Java chooses for the key, and without a key one for a whole batch. `round-robin`: each message the next one, whatever its key. Else a template that gives a number.',
  },
  compression: {
    type: 'string',
    choices: compressions,
    missing: hasZstd ? {} : { zstd: needsForZstd },
    default: 'none',
    describe: 'Of whole batches. zstd needs Node 22.15 or later.',
  },
}

export const fromOptions: OptionsSpec = {
  topic: { type: 'string', required: true, describe: 'The Kafka topic.' },
  group: { type: 'string', required: true, describe: 'The consumer group, under which the position is kept in Kafka.' },
  from: {
    type: 'string',
    choices: ['latest', 'earliest'],
    default: 'latest',
    describe: 'Where a group begins that has no position yet, or whose position is no longer there.',
  },
  sessionTimeout: {
    ...{ type: 'duration', default: 10_000, min: 1_000, max: 1_800_000 },
    describe: 'After so long without a sign of life others of the group take over.',
  },
  rebalanceTimeout: {
    ...{ type: 'duration', default: 30_000, min: 1_000, max: 1_800_000 },
    describe: 'How long the group waits for a member when partitions are divided anew.',
  },
  fetchBytes: {
    ...{ type: 'bytes', default: 1_048_576, min: 1_024, max: 67_108_864 },
    describe: 'As much is read of a partition at once.',
  },
}
