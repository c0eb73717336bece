import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'

export interface CollectedSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly attributes: Readonly<Record<string, unknown>>
  readonly error: string | undefined
}

interface Attribute {
  readonly key: string
  readonly value: Readonly<Record<string, unknown>>
}

/** A small receiver of OTLP over HTTP, as JSON. */
export class Collector {
  readonly spans: CollectedSpan[] = []
  readonly resources: Readonly<Record<string, unknown>>[] = []
  headers: IncomingHttpHeaders = {}
  url = ''

  static async start(): Promise<Collector> {
    const collector = new Collector()
    const server = createServer(async (request, response) => {
      const body = JSON.parse(await text(request))
      collector.headers = request.headers
      for (const { resource, scopeSpans } of body.resourceSpans) {
        collector.resources.push(plain(resource.attributes))
        for (const { spans } of scopeSpans) collector.#take(spans)
      }
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    collector.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/traces`
    return collector
  }

  named(name: string): CollectedSpan[] {
    return this.spans.filter(span => span.name === name)
  }

  #take(
    spans: readonly (Omit<CollectedSpan, 'attributes'> & { attributes: Attribute[]; status: { message?: string } })[],
  ) {
    for (const { traceId, spanId, parentSpanId, name, attributes, status } of spans)
      this.spans.push({
        traceId,
        spanId,
        ...(parentSpanId && { parentSpanId }),
        name,
        attributes: plain(attributes),
        error: status.message,
      })
  }
}

function plain(attributes: readonly Attribute[]): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]))
}
