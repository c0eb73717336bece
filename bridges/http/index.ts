import {
  type BridgeHost,
  type BridgePlugin,
  BrokerError,
  type Clock,
  climb,
  type Rung,
  reach,
} from '../../kernel/plugin.ts'
import {
  connectionOptions,
  deliveryOptions,
  type HttpDelivery,
  type HttpOptions,
  type HttpTo,
  toOptions,
} from './options.ts'
import { WebServer } from './request.ts'
import { HttpSink } from './sink.ts'

/** Messages as requests to a web server. */
export const http: BridgePlugin<HttpOptions, HttpTo, never, HttpDelivery> = {
  kind: 'bridge',
  name: 'http',
  api: 1,
  describe: 'Messages as requests to a web server.',
  options: connectionOptions,
  to: toOptions,
  delivery: deliveryOptions,
  async open({ clock }: BridgeHost, options: HttpOptions) {
    const server = new WebServer(options, clock)
    return {
      egress(to, delivery) {
        const alone = to.format === 'single'
        if (!alone && !to.body.json) throw invalid(`format ${to.format} needs a "body" that is a map`)
        if (!alone && Object.keys(to.headers).length > 0) throw invalid(`format ${to.format} takes no "headers"`)
        if (!alone && delivery.parallel > 1) throw invalid('"delivery.parallel" is for format single')
        return new HttpSink(server, to, delivery, clock)
      },
      test: (_target, signal) => ladder(server, clock, signal),
      async close() {
        server.close()
      },
    }
  },
}

async function* ladder(server: WebServer, clock: Clock, signal: AbortSignal): AsyncGenerator<Rung> {
  const { host, port, tls } = server
  if (!(yield* reach({ host, port, tls }, clock, signal))) return
  let status = 0
  const rung = await climb('HTTP', clock, async () => {
    const { pathname, search } = server.url
    const request = { method: 'HEAD', path: pathname + search, headers: {}, body: new Uint8Array(0) }
    status = (await server.send(request, signal)).status
    return `HEAD was answered with ${status}`
  })
  // Hooks often know no HEAD; what matters is that it is not the way in that is refused.
  const refused = status === 401 || status === 403 || status === 407
  if (refused) yield { ...rung, ok: false, mend: 'correct "headers" or "secret" of the connection' }
  else yield rung.ok ? rung : { ...rung, mend: 'check that this port speaks HTTP' }
}

function invalid(what: string): BrokerError {
  return new BrokerError('CONFIG_INVALID', `bridge to a connection of type http: ${what}`)
}
