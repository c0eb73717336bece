/** One frame of a stream of server-sent events. */
export interface Frame {
  readonly event: string
  readonly data: unknown
}

/** Longer frames are none that our server sends. */
const maxFrameLength = 64 * 1_048_576

/** Reads server-sent events until the stream ends. @throws Error for what is no such stream */
export async function* framesOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<Frame> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true })
    if (text.length > maxFrameLength) throw new Error('a frame of the stream is too large')
    const parts = text.split('\n\n')
    text = parts.pop() ?? ''
    for (const part of parts) {
      const frame = frameOf(part)
      if (frame) yield frame
    }
  }
}

/** Undefined: a comment, which keeps the connection alive. */
function frameOf(part: string): Frame | undefined {
  let event = 'message'
  let data: string | undefined
  for (const line of part.split('\n')) {
    if (line.startsWith('event: ')) event = line.slice(7)
    else if (line.startsWith('data: ')) data = line.slice(6)
  }
  return data === undefined ? undefined : { event, data: JSON.parse(data) }
}
