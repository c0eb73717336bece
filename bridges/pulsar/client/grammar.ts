/**
 * The part of Pulsar's binary protocol that is spoken here: names, numbers and types of fields, as protobuf has them on
 * the wire. What a broker sends beyond it is skipped. Checked against a real broker by test/bridges/pulsar.
 *
 * `u64` is a number that counts (exact up to 2^53, which no counter of a connection reaches), `long` one that identifies.
 */
export type Scalar = 'u64' | 'long' | 'i32' | 'bool' | 'string' | 'bytes'
export type Field =
  | readonly [number: number, type: Scalar | Fields]
  | readonly [number: number, type: Scalar | Fields, rule: 'repeated']
export type Fields = { readonly [name: string]: Field }

type One<Type> = Type extends 'u64' | 'i32'
  ? number
  : Type extends 'long'
    ? bigint
    : Type extends 'bool'
      ? boolean
      : Type extends 'string'
        ? string
        : Type extends 'bytes'
          ? Buffer
          : Type extends Fields
            ? MessageOf<Type>
            : never

/** A message of the grammar. A field that did not come is left out: defaults are the reader's business. */
export type MessageOf<M extends Fields> = {
  readonly [Name in keyof M]?: M[Name] extends readonly [number, infer Type, 'repeated']
    ? readonly One<Type>[]
    : One<M[Name][1]>
}

const keyValue = { key: [1, 'string'], value: [2, 'string'] } as const satisfies Fields

const messageId = {
  ledgerId: [1, 'long'],
  entryId: [2, 'long'],
  partition: [3, 'i32'],
} as const satisfies Fields

const featureFlags = {
  supportsAuthRefresh: [1, 'bool'],
  supportsBrokerEntryMetadata: [2, 'bool'],
} as const satisfies Fields

const authData = { authMethodName: [1, 'string'], authData: [2, 'bytes'] } as const satisfies Fields

/** Of a whole entry: one message, or a batch of them. */
export const messageMetadata = {
  producerName: [1, 'string'],
  sequenceId: [2, 'u64'],
  publishTime: [3, 'u64'],
  properties: [4, keyValue, 'repeated'],
  partitionKey: [6, 'string'],
  compression: [8, 'i32'],
  uncompressedSize: [9, 'u64'],
  numMessagesInBatch: [11, 'i32'],
  eventTime: [12, 'u64'],
  encryptionKeys: [13, { key: [1, 'string'], value: [2, 'bytes'] }, 'repeated'],
  partitionKeyB64Encoded: [17, 'bool'],
  orderingKey: [18, 'bytes'],
  markerType: [20, 'i32'],
  nullValue: [25, 'bool'],
  numChunksFromMsg: [27, 'i32'],
} as const satisfies Fields

/** Of one message in a batch. `payloadSize` counts the bytes that follow. */
export const singleMessageMetadata = {
  properties: [1, keyValue, 'repeated'],
  partitionKey: [2, 'string'],
  payloadSize: [3, 'i32'],
  compactedOut: [4, 'bool'],
  eventTime: [5, 'u64'],
  partitionKeyB64Encoded: [6, 'bool'],
  orderingKey: [7, 'bytes'],
  sequenceId: [8, 'u64'],
  nullValue: [9, 'bool'],
} as const satisfies Fields

/** By the number that is both the command's type and its field in the outer message. */
export const commands = {
  connect: [
    2,
    {
      clientVersion: [1, 'string'],
      authData: [3, 'bytes'],
      protocolVersion: [4, 'i32'],
      authMethodName: [5, 'string'],
      proxyToBrokerUrl: [6, 'string'],
      featureFlags: [10, featureFlags],
    },
  ],
  connected: [3, { serverVersion: [1, 'string'], protocolVersion: [2, 'i32'], maxMessageSize: [3, 'i32'] }],
  subscribe: [
    4,
    {
      topic: [1, 'string'],
      subscription: [2, 'string'],
      subType: [3, 'i32'],
      consumerId: [4, 'u64'],
      requestId: [5, 'u64'],
      consumerName: [6, 'string'],
      initialPosition: [13, 'i32'],
    },
  ],
  producer: [
    5,
    {
      topic: [1, 'string'],
      producerId: [2, 'u64'],
      requestId: [3, 'u64'],
      producerName: [4, 'string'],
      epoch: [8, 'u64'],
      userProvidedProducerName: [9, 'bool'],
    },
  ],
  send: [6, { producerId: [1, 'u64'], sequenceId: [2, 'u64'], numMessages: [3, 'i32'] }],
  sendReceipt: [7, { producerId: [1, 'u64'], sequenceId: [2, 'u64'], messageId: [3, messageId] }],
  sendError: [8, { producerId: [1, 'u64'], sequenceId: [2, 'u64'], error: [3, 'i32'], message: [4, 'string'] }],
  message: [
    9,
    { consumerId: [1, 'u64'], messageId: [2, messageId], redeliveryCount: [3, 'u64'], ackSet: [4, 'long', 'repeated'] },
  ],
  ack: [
    10,
    { consumerId: [1, 'u64'], ackType: [2, 'i32'], messageId: [3, messageId, 'repeated'], requestId: [8, 'u64'] },
  ],
  flow: [11, { consumerId: [1, 'u64'], messagePermits: [2, 'u64'] }],
  success: [13, { requestId: [1, 'u64'] }],
  error: [14, { requestId: [1, 'u64'], error: [2, 'i32'], message: [3, 'string'] }],
  closeProducer: [15, { producerId: [1, 'u64'], requestId: [2, 'u64'] }],
  closeConsumer: [16, { consumerId: [1, 'u64'], requestId: [2, 'u64'] }],
  producerSuccess: [17, { requestId: [1, 'u64'], producerName: [2, 'string'], producerReady: [6, 'bool'] }],
  ping: [18, {}],
  pong: [19, {}],
  redeliver: [20, { consumerId: [1, 'u64'], messageIds: [2, messageId, 'repeated'] }],
  partitionedMetadata: [21, { topic: [1, 'string'], requestId: [2, 'u64'] }],
  partitionedMetadataResponse: [
    22,
    {
      partitions: [1, 'u64'],
      requestId: [2, 'u64'],
      response: [3, 'i32'],
      error: [4, 'i32'],
      message: [5, 'string'],
    },
  ],
  lookup: [23, { topic: [1, 'string'], requestId: [2, 'u64'], authoritative: [3, 'bool'] }],
  lookupResponse: [
    24,
    {
      brokerServiceUrl: [1, 'string'],
      brokerServiceUrlTls: [2, 'string'],
      response: [3, 'i32'],
      requestId: [4, 'u64'],
      authoritative: [5, 'bool'],
      error: [6, 'i32'],
      message: [7, 'string'],
      proxyThroughServiceUrl: [8, 'bool'],
    },
  ],
  reachedEndOfTopic: [27, { consumerId: [1, 'u64'] }],
  authChallenge: [36, { challenge: [2, authData] }],
  authResponse: [37, { clientVersion: [1, 'string'], response: [2, authData], protocolVersion: [3, 'i32'] }],
  ackResponse: [38, { consumerId: [1, 'u64'], error: [4, 'i32'], message: [5, 'string'], requestId: [6, 'u64'] }],
} as const satisfies { readonly [name: string]: readonly [number, Fields] }

export type CommandName = keyof typeof commands
export type CommandOf<Name extends CommandName> = MessageOf<(typeof commands)[Name][1]>
export type MessageId = MessageOf<typeof messageId>
export type MessageMetadata = MessageOf<typeof messageMetadata>

/** A command as it came, by its name. */
export type Command = { [Name in CommandName]: { readonly name: Name; readonly fields: CommandOf<Name> } }[CommandName]

/** What a broker answers in `error`, in the order of its numbers. */
export const serverErrors = [
  'UnknownError',
  'MetadataError',
  'PersistenceError',
  'AuthenticationError',
  'AuthorizationError',
  'ConsumerBusy',
  'ServiceNotReady',
  'ProducerBlockedQuotaExceededError',
  'ProducerBlockedQuotaExceededException',
  'ChecksumError',
  'UnsupportedVersionError',
  'TopicNotFound',
  'SubscriptionNotFound',
  'ConsumerNotFound',
  'TooManyRequests',
  'TopicTerminatedError',
  'ProducerBusy',
  'InvalidTopicName',
  'IncompatibleSchema',
  'ConsumerAssignError',
  'TransactionCoordinatorNotFound',
  'InvalidTxnStatus',
  'NotAllowedError',
  'TransactionConflict',
  'TransactionNotFound',
  'ProducerFenced',
] as const

export type ServerError = (typeof serverErrors)[number]
