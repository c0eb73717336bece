import type { Clock } from '../../kernel/plugin.ts'
import { BrokerError } from '../../kernel/plugin.ts'
import type { SaslOptions } from './options.ts'
import { TokenSource } from './token.ts'
import type { Login } from './wire/sasl.ts'

/** The login that the options describe. @throws BrokerError CONFIG_INVALID for what does not belong together */
export function loginOf(options: SaslOptions, clock: Clock): Login {
  const { mechanism, username, password, token } = options
  if (mechanism !== 'oauthbearer') {
    if (username === undefined || password === undefined) throw lacking(`${mechanism} needs username and password`)
    return { mechanism, username, password, token: async () => '' }
  }
  if (token !== undefined) return { mechanism, username: '', password: '', token: async () => token }
  const { tokenUrl, clientId, clientSecret, scope } = options
  if (tokenUrl === undefined || clientId === undefined || clientSecret === undefined) {
    throw lacking('oauthbearer needs token, or tokenUrl with clientId and clientSecret')
  }
  if (!URL.canParse(tokenUrl) || !/^https?:$/.test(new URL(tokenUrl).protocol)) {
    throw lacking('tokenUrl is not an http or https address')
  }
  const source = new TokenSource({ url: tokenUrl, clientId, clientSecret, scope }, clock)
  return { mechanism, username: '', password: '', token: () => source.token() }
}

const lacking = (what: string): BrokerError => new BrokerError('CONFIG_INVALID', `kafka: sasl: ${what}`)
