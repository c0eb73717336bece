import { randomBytes } from 'node:crypto'
import { isIP } from 'node:net'
import { join } from 'node:path'
import type { TlsOptions as NodeTlsOptions } from 'node:tls'
import cookie from '@fastify/cookie'
import rateLimit from '@fastify/rate-limit'
import { type FastifyInstance, type FastifyRequest, fastify } from 'fastify'
import { BrokerError, type Clock, type TlsOptions } from '../../kernel/plugin.ts'
import type { LoadedConfig, Settings } from '../config/index.ts'
import type { Server } from '../server.ts'
import { Accounts } from './access/accounts.ts'
import { AuditLog } from './access/audit-log.ts'
import { BrowserSessions, sessionCookie } from './access/browser-sessions.ts'
import { Guard } from './access/guard.ts'
import { LoginThrottle } from './access/login-throttle.ts'
import { serveAliases } from './aliases/serve-aliases.ts'
import { answerCall } from './answer-call.ts'
import { Dashboard } from './dashboard/dashboard.ts'
import { serveDocs } from './docs/serve-docs.ts'
import { sendProblem } from './failures.ts'
import { serveHealth } from './health.ts'
import type { House } from './house.ts'
import { serveMetrics } from './metrics/serve-metrics.ts'
import { apiPrefix, openApi } from './openapi.ts'
import { Problem } from './problem.ts'
import type { Actor } from './route.ts'
import { routes } from './routes.ts'
import { Searches } from './searches.ts'
import { securityHeaders } from './security-headers.ts'
import { EventRing } from './stream/event-ring.ts'
import { History } from './stream/history.ts'
import { serveStream } from './stream/serve-stream.ts'

export interface HttpOptions {
  readonly server: Server
  readonly clock: Clock
  readonly host: string
  readonly port: number
  readonly tls: TlsOptions | undefined
  readonly hosts: readonly string[]
  /** Undefined: nothing is kept. */
  readonly data: string | undefined
  /** See `House`. */
  check(settings: Settings): Promise<LoadedConfig>
  reload(): ReturnType<Server['reload']>
  /** Told once in its life, when an account had to be made: name and password. */
  created(name: string, password: string): void
}

/** Bytes of a request's body. */
const bodyLimitBytes = 1_048_576
/** Requests a minute of one caller. */
const requestsPerMinute = 6_000

declare module 'fastify' {
  interface FastifyRequest {
    actor: Actor | undefined
  }
}

/** The HTTP side of the server: its API, and whatever shows it. */
export class HttpServer {
  readonly #app: FastifyInstance
  readonly #house: House
  readonly #options: HttpOptions
  readonly #endStreams: () => void

  private constructor(app: FastifyInstance, house: House, options: HttpOptions) {
    this.#endStreams = serveStream(app, house)
    this.#app = app
    this.#house = house
    this.#options = options
  }

  /** @throws BrokerError LISTEN_FAILED, CONFIG_INVALID */
  static async open(options: HttpOptions): Promise<HttpServer> {
    const { server, clock, data, host, hosts } = options
    const accounts = await Accounts.open(data && join(data, 'accounts.json'))
    const sessions = new BrowserSessions(clock)
    const loopbackOnly = isLoopback(host)
    if (!loopbackOnly && accounts.accounts.length === 0) await firstAccount(accounts, options)
    const guard = new Guard({ accounts, sessions, clock, hosts, loopbackOnly })
    const { kernel, logger } = server
    let described: Readonly<Record<string, unknown>> | undefined
    const house: House = {
      kernel,
      server,
      clock,
      accounts,
      sessions,
      guard,
      throttle: new LoginThrottle(clock),
      audit: await AuditLog.open(data && join(data, 'audit.log'), logger),
      history: new History(kernel.counters, clock),
      events: new EventRing(kernel.events, clock),
      searches: new Searches(clock),
      startedAt: clock.now(),
      // Made when somebody asks for it: it takes memory, and a part of the start.
      openApi: () => (described ??= openApi(routes)),
      check: options.check,
      reload: options.reload,
    }
    const app = await makeApp(house, options.tls)
    const opened = new HttpServer(app, house, options)
    await opened.#listen()
    return opened
  }

  /** Where a browser finds it. */
  get url(): string {
    const address = this.#app.server.address()
    const { host, tls } = this.#options
    const named = host === '0.0.0.0' || host === '::' ? 'localhost' : isIP(host) === 6 ? `[${host}]` : host
    return `${tls ? 'https' : 'http'}://${named}:${typeof address === 'object' ? address?.port : 0}`
  }

  async close(): Promise<void> {
    this.#endStreams()
    await this.#app.close()
    this.#house.history.close()
    this.#house.events.close()
    await this.#house.audit.flushed()
  }

  async #listen(): Promise<void> {
    const { host, port } = this.#options
    try {
      await this.#app.listen({ host, port })
    } catch (error) {
      await this.close()
      const code = (error as NodeJS.ErrnoException).code ?? String(error)
      throw new BrokerError('LISTEN_FAILED', `the HTTP server cannot listen on ${host} port ${port}: ${code}`, {
        cause: error,
      })
    }
  }
}

/** Given authorities of clients, whoever has no certificate of theirs gets no connection. */
function secured({ clientCa, ...given }: TlsOptions): NodeTlsOptions {
  return { minVersion: 'TLSv1.2', ...given, ...(clientCa !== undefined && { ca: clientCa, requestCert: true }) }
}

async function makeApp(house: House, tls: TlsOptions | undefined): Promise<FastifyInstance> {
  const app = fastify({
    bodyLimit: bodyLimitBytes,
    forceCloseConnections: true,
    exposeHeadRoutes: false,
    logger: false,
    routerOptions: { maxParamLength: 4 * 65_535, ignoreTrailingSlash: true },
    ...(tls && { https: secured(tls) }),
  }) as unknown as FastifyInstance
  app.decorateRequest('actor', undefined)
  // A page of another origin can post text without asking first, but not JSON.
  app.removeContentTypeParser('text/plain')
  await app.register(cookie)
  app.addHook('onRequest', async (request, reply) => {
    securityHeaders(reply, tls !== undefined)
    const asked = askedOf(request)
    house.guard.checkSource(asked)
    request.actor = house.guard.identify(asked)
  })
  await app.register(rateLimit, {
    max: requestsPerMinute,
    timeWindow: 60_000,
    keyGenerator: ({ actor, ip }) => actor?.id ?? ip,
    errorResponseBuilder: (_, { after }) => new Problem('too-many-requests', `too many requests; wait ${after}`),
  })
  app.setErrorHandler((error, request, reply) => sendProblem(house, { error, request, reply }))
  const dashboard = new Dashboard()
  app.setNotFoundHandler((request, reply) => {
    const page = dashboard.answer(request, reply)
    if (page) return page
    const error = new Problem('not-found', `there is no ${request.method} ${request.url.replace(/\?.*/, '')}`)
    return sendProblem(house, { error, request, reply })
  })
  for (const route of routes) {
    app.route({
      method: route.method,
      url: `${apiPrefix}${route.path}`,
      onRequest: async ({ actor }) => house.guard.checkRights(actor, route),
      handler: (request, reply) => answerCall(house, { route, request, reply }),
    })
  }
  app.get('/openapi.json', () => house.openApi())
  serveDocs(app, house)
  serveAliases(app, house)
  serveHealth(app, house)
  serveMetrics(app, house)
  return app
}

function askedOf({ method, headers, cookies, ip }: FastifyRequest) {
  const { host, origin, authorization } = headers
  return { method, host, origin, authorization, cookie: cookies[sessionCookie], address: ip }
}

/** Whoever can reach it from elsewhere must prove who he is: without an account there is nobody who could. */
async function firstAccount(accounts: Accounts, { data, host, created }: HttpOptions): Promise<void> {
  if (data === undefined) {
    throw new BrokerError(
      'CONFIG_INVALID',
      `http.host is ${host}, so people must log in, but with storage.type memory there is no place for accounts; set http.host to 127.0.0.1, or storage.type to file`,
    )
  }
  const password = randomBytes(15).toString('base64url')
  await accounts.setAccount({ name: 'admin', role: 'admin' }, password)
  created('admin', password)
}

export function isLoopback(host: string): boolean {
  return host === '::1' || host === 'localhost' || /^(::ffff:)?127\./.test(host)
}
