import type { OptionsSpec } from '../../kernel/plugin.ts'

export interface HttpOptions {
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  /** In ms. */
  readonly timeout?: number
  readonly anonymous?: boolean
}

export const httpOptions: OptionsSpec = {
  url: {
    type: 'string',
    required: true,
    secret: true,
    describe: 'Where logins are sent; a user and password in it become basic authentication.',
  },
  headers: {
    type: 'map',
    secret: true,
    of: { type: 'string', secret: true, describe: 'The value of one header.' },
    describe: 'Headers sent with each request, such as an API key.',
  },
  timeout: { type: 'duration', default: 5_000, min: 1, max: 60_000, describe: 'From the request to the whole answer.' },
  anonymous: {
    type: 'boolean',
    default: false,
    describe: 'Asks about clients without user name and password too.',
  },
}
