import { http } from '../../../bridges/http/index.ts'
import { bridgeConformance } from '../../conformance/bridge.ts'
import { TestWebServer } from './web-server.ts'

for (const format of ['single', 'ndjson'] as const) {
  bridgeConformance({
    name: `http, ${format}`,
    plugin: http as never,
    async start() {
      const server = await TestWebServer.start()
      const single = format === 'single'
      server.answer = ({ body }) => (body.includes('poison') ? 422 : 200)
      return {
        port: server.port,
        connection: port => ({ url: `http://127.0.0.1:${port}/`, secret: 'hush-hush', timeout: 300 }),
        secret: 'hush-hush',
        to: { format, body: single ? '${payload}' : { v: '${payload}' } },
        received: async () =>
          server.requests
            .flatMap(({ body }) =>
              single
                ? [body]
                : body
                    .trim()
                    .split('\n')
                    .map(line => JSON.parse(line).v as string),
            )
            .filter(value => !value.includes('poison')),
        poison: { topic: 'in/poison', payload: 'poison' },
        [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
      }
    },
  })
}
