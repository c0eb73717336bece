import {
  type DocumentTemplate,
  type OptionsSpec,
  type Template,
  type TlsClientOptions,
  tlsClientOptions,
} from '../../kernel/plugin.ts'

export interface MqttOptions {
  readonly url: string
  readonly version: '5' | '3.1.1'
  readonly clientId?: string
  readonly username?: string
  readonly password?: string
  readonly keepAlive: number
  readonly connectTimeout: number
  readonly tls?: TlsClientOptions
}

export const connectionOptions: OptionsSpec = {
  url: {
    type: 'string',
    required: true,
    describe: 'The other broker: mqtt://, mqtts://, ws:// or wss://, a host, and a port unless it is the usual one.',
  },
  version: {
    type: 'string',
    choices: ['5', '3.1.1'],
    default: '5',
    describe: 'The version of MQTT. 3.1.1 has no headers, so no guard against loops.',
  },
  clientId: {
    type: 'string',
    max: 200,
    describe: 'Its beginning; the name of the bridge is added. Default: `robustmq-` and the name of the node.',
  },
  username: { type: 'string', describe: 'The user name there.' },
  password: { type: 'string', secret: true, describe: 'Its password. Use ${env:NAME} or ${file:path}.' },
  keepAlive: {
    type: 'duration',
    default: '30s',
    min: 1_000,
    max: 65_535_000,
    describe: 'Silence longer than this ends it.',
  },
  connectTimeout: { type: 'duration', default: '10s', min: 1, describe: 'How long a CONNECT may take.' },
  tls: { type: 'object', fields: tlsClientOptions, describe: 'Of mqtts and wss.' },
}

export interface MqttTo {
  readonly topic: Template
  readonly payload: DocumentTemplate
  readonly qos: 0 | 1 | 2
  readonly retain: 'keep' | 'never'
}

export const toOptions: OptionsSpec = {
  topic: {
    type: 'template',
    default: '${topic}',
    describe: 'The topic there. `site-7/${topic}` adds a prefix, `${topic[1..]}` takes the first level away.',
  },
  payload: { type: 'document', default: '${payload}', describe: 'What is published there.' },
  qos: { type: 'number', min: 0, max: 2, default: 1, describe: 'With which QoS. 0: what is lost on the way is lost.' },
  retain: {
    type: 'string',
    choices: ['keep', 'never'],
    default: 'keep',
    describe: 'keep: what was published as retained becomes retained there, too.',
  },
}

export interface MqttFrom {
  readonly topics: readonly string[]
  readonly qos: 0 | 1
}

export const fromOptions: OptionsSpec = {
  topics: {
    type: 'list',
    of: { type: 'string', min: 1, describe: 'A topic filter.' },
    required: true,
    describe: 'Topic filters there.',
  },
  qos: { type: 'number', min: 0, max: 1, default: 1, describe: '1: acknowledged there when it is stored here.' },
}
