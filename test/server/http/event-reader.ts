import { expect, onTestFinished } from 'vitest'
import type { Api } from './api.ts'

export interface Frame {
  readonly event: string
  readonly id: number
  // biome-ignore lint/suspicious/noExplicitAny: frames of every channel.
  readonly data: any
}

/** Reads a stream of server-sent events, frame by frame. */
export class EventReader {
  readonly #frames: AsyncGenerator<Frame>

  constructor(frames: AsyncGenerator<Frame>) {
    this.#frames = frames
  }

  static async open(api: Api, query: string, headers: Readonly<Record<string, string>> = {}): Promise<EventReader> {
    const abort = new AbortController()
    onTestFinished(() => abort.abort())
    const response = await fetch(`${api.http.url}/events?${query}`, { headers, signal: abort.signal })
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream'])
    return new EventReader(framesOf(response.body!))
  }

  /** The next frame of a channel that holds what is wanted; others are passed over. */
  async next(event: string, wanted: (data: Frame['data']) => boolean = () => true): Promise<Frame> {
    for (;;) {
      const { value, done } = await this.#frames.next()
      if (done) throw new Error('the stream has ended')
      if (value.event === event && wanted(value.data)) return value
    }
  }
}

async function* framesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Frame> {
  let text = ''
  for await (const chunk of body) {
    text += Buffer.from(chunk).toString()
    const parts = text.split('\n\n')
    text = parts.pop() ?? ''
    for (const part of parts) {
      const fields = new Map(
        part.split('\n').map(line => [line.slice(0, line.indexOf(': ')), line.slice(line.indexOf(': ') + 2)]),
      )
      const data = fields.get('data')
      if (data !== undefined)
        yield { event: fields.get('event') ?? '', id: Number(fields.get('id')), data: JSON.parse(data) }
    }
  }
}
