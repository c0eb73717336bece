import { readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { SignJWT } from 'jose'
import { http } from '../../auth-plugins/http/index.ts'
import { jwt } from '../../auth-plugins/jwt/index.ts'
import { parseUsers, UsersFileError } from '../../auth-plugins/password/users-file.ts'
import type { Peer } from '../../kernel/plugin.ts'
import { catalogue } from '../../server/catalogue.ts'
import { ConfigError, loadConfig } from '../../server/config/index.ts'
import { ManualClock } from '../support/clock.ts'
import { language, pulsarFrames } from './bridge-parsers.ts'
import { damagedStorage } from './damaged-storage.ts'
import { nothing, type Parser, plain, words } from './parser.ts'

export const parsers: Readonly<Record<string, () => Promise<Parser>>> = {
  'a configuration': configuration,
  'a users file': users,
  'an answer of an HTTP back end': httpAnswer,
  'a token': token,
  'a data directory': damagedStorage,
  'a template or condition of a bridge': language,
  'what a Pulsar broker sends': pulsarFrames,
}

const peer: Peer = { address: '192.0.2.1', port: 1, loopback: false, secure: false, certificate: undefined }
const ignore = () => {}
const logger = { debug: ignore, info: ignore, warn: ignore, error: ignore }
const credentials = { clientId: 'c', user: 'ann' }

async function configuration(): Promise<Parser> {
  const folder = await mkdtemp(path.join(tmpdir(), 'fuzz-'))
  const file = path.join(folder, 'robustmq.yaml')
  return {
    seeds: [
      readFileSync(path.join(import.meta.dirname, '../../examples/robustmq.yaml')),
      Buffer.from('listeners: { tcp: { port: 1 } }\nlimits: { queueBytes: 1MB }\n'),
    ],
    words: words(
      '${env:X}',
      '${file:x}',
      '&a',
      '*a',
      '<<: *a',
      '- ',
      ': ',
      '{',
      '[',
      '!!binary ',
      '"',
      '\n',
      '\t',
      '1e9',
      '__proto__: 1\n',
    ),
    read: async bytes => {
      writeFileSync(file, bytes)
      try {
        await loadConfig({ catalogue, cwd: folder, environment: {} })
        return 'taken'
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error
        return plain(error)
      }
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}

async function users(): Promise<Parser> {
  return {
    seeds: [
      Buffer.from(
        '# comment\nann scrypt$16384$8$1$c2FsdHNhbHRzYWx0c2FsdA==$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g= superuser\nbob tenant=x\n',
      ),
    ],
    words: words('$', ' ', '\n', '%', '%zz', '=', 'scrypt$', 'superuser', '__proto__ '),
    read: async bytes => {
      try {
        return `${parseUsers(bytes.toString(), 'users').users.size} users`
      } catch (error) {
        if (!(error instanceof UsersFileError)) throw error
        return plain(error)
      }
    },
    [Symbol.asyncDispose]: nothing,
  }
}

/** No answer that is not `allow` may let anybody in. */
async function httpAnswer(): Promise<Parser> {
  let body: Buffer = Buffer.alloc(0)
  const server = createServer((request, response) => {
    request.resume()
    response.end(body)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const authenticator = await http.open({ clock: new ManualClock(), logger }, { url })
  return {
    seeds: [
      '{"result":"allow","superuser":false,"tenant":"t","acl":[{"permission":"allow","action":"all","topic":"a/#"}],"expiresAt":99999999999999}',
      '{"result":"deny"}',
      '{"result":"ignore"}',
    ].map(text => Buffer.from(text)),
    words: words('"__proto__":', 'null', '{', '[', '1e999', '"allow"', '\\u0000', ','),
    read: async bytes => {
      body = bytes
      const answer = await authenticator.authenticate({ ...credentials, password: Buffer.from('x') }, peer)
      if (typeof answer === 'object' && !bytes.includes('allow') && !bytes.includes('\\u')) {
        throw new Error(`let in by ${bytes.toString()}`)
      }
      return typeof answer === 'object' ? Object.keys(answer).join() : answer
    },
    [Symbol.asyncDispose]: async () => {
      await authenticator.close()
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

/** Whoever is let in holds what was signed. */
async function token(): Promise<Parser> {
  const clock = new ManualClock()
  const secret = 'a secret of more than thirty-two bytes'
  const authenticator = await jwt.open({ clock, logger }, { secret })
  const exp = Math.floor(clock.now() / 1_000) + 600
  const signed = await new SignJWT({ sub: 'ann', exp }).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from(secret))
  const [header, claims] = signed.split('.')
  return {
    seeds: [Buffer.from(signed)],
    words: words('.', '..', '=', 'eyJhbGciOiJub25lIn0', '-', '_', '{}', '\0'),
    read: async bytes => {
      const answer = await authenticator.authenticate({ ...credentials, password: bytes }, peer)
      const same = bytes.toString().startsWith(`${header}.${claims}.`)
      if (typeof answer === 'object' && !same) throw new Error('a token that nobody signed lets in')
      return typeof answer === 'object' ? 'in' : answer
    },
    [Symbol.asyncDispose]: () => authenticator.close(),
  }
}
