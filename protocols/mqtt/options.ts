import type { OptionsSpec } from '../../kernel/plugin.ts'

/** The plugin's options, described once: validation, defaults, documentation and forms follow from it. */
export const mqttOptions = {
  maxPacketBytes: {
    type: 'bytes',
    describe: 'The largest packet that is taken; announced to 5.0 clients as Maximum Packet Size.',
    default: 2_097_152,
    min: 128,
    max: 268_435_460,
  },
  receiveMaximum: {
    type: 'number',
    describe: 'Publishes above QoS 0 that a client may have unacknowledged; announced as Receive Maximum.',
    default: 1024,
    min: 1,
    max: 65_535,
  },
  receiveMaximumExceeded: {
    type: 'string',
    describe:
      'What happens to a client that has more: "close" it with 0x93, or "log" it (old ESP-IDF clients exceed it).',
    default: 'close',
    choices: ['close', 'log'],
  },
  maxInflight: {
    type: 'number',
    describe: 'Deliveries above QoS 0 that a client may leave unacknowledged, unless it asks for fewer.',
    default: 1024,
    min: 1,
    max: 65_535,
  },
  topicAliasMaximum: {
    type: 'number',
    describe: 'Topic aliases a client may use; 0: none.',
    default: 10,
    min: 0,
    max: 65_535,
  },
  outboundTopicAliases: {
    type: 'number',
    describe: 'Topic aliases the server uses towards a client that offers some; 0: none.',
    default: 16,
    min: 0,
    max: 65_535,
  },
  connectTimeout: {
    type: 'duration',
    describe: 'How long a connection may take until its CONNECT is complete and accepted.',
    default: 10_000,
    min: 100,
  },
  maxKeepAlive: {
    type: 'duration',
    describe: 'The longest keep alive; a 5.0 client that asks for more, or for none, is told this one. 0: any.',
    default: 0,
    min: 0,
    max: 65_535_000,
  },
  defaultSessionExpiry: {
    type: 'duration',
    describe: 'How long a session of a 3.x client without clean session outlives its connection. 0: for ever.',
    default: 0,
    min: 0,
  },
  checkPayloadFormat: {
    type: 'boolean',
    describe: 'Refuse payloads (0x99) that are declared to be UTF-8 and are not.',
    default: true,
  },
  responseInformation: {
    type: 'string',
    describe:
      'Sent to clients that request response information: the beginning of their response topics. `${clientid}` is replaced.',
    default: 'response/${clientid}',
  },
  redirect: {
    type: 'object',
    describe: 'Send every new client to another server.',
    fields: {
      to: { type: 'string', describe: 'The Server Reference, such as "other.example.org:1883".', required: true },
      permanent: {
        type: 'boolean',
        describe: 'True: Server Moved (0x9D); false: Use Another Server (0x9C).',
        default: false,
      },
    },
  },
  autoSubscribe: {
    type: 'list',
    describe: 'Subscriptions made for every client that connects.',
    default: [],
    of: {
      type: 'object',
      describe: 'One subscription.',
      fields: {
        filter: {
          type: 'string',
          describe: 'The filter; `${clientid}`, `${username}` and `${host}` are replaced.',
          required: true,
        },
        qos: { type: 'number', describe: 'Maximum QoS.', default: 0, min: 0, max: 2 },
        noLocal: { type: 'boolean', describe: 'Without what the client itself publishes.', default: false },
        retainAsPublished: { type: 'boolean', describe: 'Keep the retain flag.', default: false },
        retainHandling: { type: 'number', describe: 'As in SUBSCRIBE: 0, 1 or 2.', default: 0, min: 0, max: 2 },
      },
    },
  },
  rewrite: {
    type: 'list',
    describe: 'Topics that are replaced as they arrive; all rules are tried in order, the last that matches wins.',
    default: [],
    of: {
      type: 'object',
      describe: 'One rule.',
      fields: {
        action: { type: 'string', describe: 'Which topics.', default: 'all', choices: ['publish', 'subscribe', 'all'] },
        filter: { type: 'string', describe: 'Topics this filter matches.', required: true },
        match: {
          type: 'string',
          describe: 'A regular expression the topic must match; linear in time, without back-references.',
        },
        to: {
          type: 'string',
          describe:
            'The new topic: `$1`... are groups of `match`, or without it what each `+` and `#` stood for; `${clientid}`, `${username}`.',
          required: true,
        },
      },
    },
  },
  sysInterval: {
    type: 'duration',
    describe: 'How often `$SYS` topics are published; 0: never.',
    default: 10_000,
    min: 0,
  },
  clientEvents: {
    type: 'boolean',
    describe: 'Publish connects, disconnects, subscribes and unsubscribes as JSON under `$events/client/`.',
    default: true,
  },
  sparkplug: {
    type: 'boolean',
    describe:
      'Be a Sparkplug 3.0 Aware server: keep birth certificates as retained messages under `$sparkplug/certificates/`.',
    default: false,
  },
} as const satisfies OptionsSpec

export interface AutoSubscription {
  readonly filter: string
  readonly qos: 0 | 1 | 2
  readonly noLocal: boolean
  readonly retainAsPublished: boolean
  readonly retainHandling: 0 | 1 | 2
}

export interface RewriteRule {
  readonly action: 'publish' | 'subscribe' | 'all'
  readonly filter: string
  readonly match?: string
  readonly to: string
}

export interface MqttOptions {
  readonly maxPacketBytes: number
  readonly receiveMaximum: number
  readonly receiveMaximumExceeded: 'close' | 'log'
  readonly maxInflight: number
  readonly topicAliasMaximum: number
  readonly outboundTopicAliases: number
  readonly connectTimeout: number
  readonly maxKeepAlive: number
  readonly defaultSessionExpiry: number
  readonly checkPayloadFormat: boolean
  readonly responseInformation: string
  readonly redirect?: { readonly to: string; readonly permanent: boolean }
  readonly autoSubscribe: readonly AutoSubscription[]
  readonly rewrite: readonly RewriteRule[]
  readonly sysInterval: number
  readonly clientEvents: boolean
  readonly sparkplug: boolean
}
