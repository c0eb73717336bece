import type { DocumentTemplate, OptionsSpec, Template, TlsClientOptions } from '../../kernel/plugin.ts'
import { tlsClientOptions } from '../../kernel/plugin.ts'

export interface HttpOptions {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly secret?: string
  readonly timeout: number
  readonly tls?: TlsClientOptions
}

export const connectionOptions: OptionsSpec = {
  url: {
    type: 'string',
    required: true,
    describe: 'Where to, such as https://example.org/hook. What `to.path` gives is added to it.',
  },
  headers: {
    type: 'map',
    of: { type: 'string', describe: 'One value.', secret: true },
    default: {},
    describe: 'Sent with every request, such as `authorization: "Bearer ${env:TOKEN}"`.',
  },
  secret: {
    type: 'string',
    secret: true,
    describe: 'Signs every request: `robustmq-signature: t=<seconds>,v1=<HMAC-SHA256 of "<seconds>.<body>" in hex>`.',
  },
  timeout: { type: 'duration', default: '30s', min: 1, describe: 'How long an answer may take.' },
  tls: { type: 'object', fields: tlsClientOptions, describe: 'Of https.' },
}

export interface HttpTo {
  readonly path?: Template
  readonly method: string
  readonly format: 'single' | 'array' | 'ndjson'
  readonly body: DocumentTemplate
  readonly contentType?: Template
  readonly headers: Readonly<Record<string, Template>>
  readonly key?: Template
}

export const toOptions: OptionsSpec = {
  path: { type: 'template', describe: 'Added to the URL of the connection. Messages of one batch need the same.' },
  method: { type: 'string', choices: ['POST', 'PUT', 'PATCH'], default: 'POST', describe: 'The method.' },
  format: {
    type: 'string',
    choices: ['single', 'array', 'ndjson'],
    default: 'single',
    describe: 'single: a request a message. array: a JSON array of them. ndjson: a line each.',
  },
  body: {
    type: 'document',
    default: {
      id: '${id}',
      topic: '${topic}',
      clientid: '${clientid?}',
      username: '${username?}',
      qos: '${qos}',
      retain: '${retain}',
      timestamp: '${timestamp}',
      payload: '${payload}',
    },
    describe: 'What is sent of a message. `${payload}` alone: its bytes, which only `single` can.',
  },
  contentType: {
    type: 'template',
    describe: "Default: application/json, or the message's own where the body is its bytes.",
  },
  headers: {
    type: 'map',
    of: { type: 'template', describe: 'One value.' },
    default: {},
    describe: 'More headers, of `single` alone.',
  },
  key: {
    type: 'template',
    describe: 'With `delivery.parallel`: messages of one key keep their order. Default: the topic.',
  },
}

export interface HttpDelivery {
  readonly parallel: number
}

export const deliveryOptions: OptionsSpec = {
  batchMessages: { type: 'number', default: 500, min: 1, max: 10_000, describe: 'Messages of one batch.' },
  parallel: {
    type: 'number',
    default: 1,
    min: 1,
    max: 64,
    describe: 'Requests under way at once, of `single`. 1: all messages keep their order.',
  },
}
