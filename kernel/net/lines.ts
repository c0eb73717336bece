import type { Connection } from '../contract/connection.ts'

/** Lines read ahead of their consumer before the peer is held back. */
const maxLinesAhead = 256

/**
 * A connection's bytes as lines of UTF-8 text, without their LF or CR LF. Ends with the connection; what came after the
 * last line end is not a line. A line over `maxBytes` closes the connection.
 */
export async function* readLines(connection: Connection, maxBytes: number): AsyncGenerator<string, void, undefined> {
  const lines: string[] = []
  let partial = Buffer.alloc(0)
  let ended = false
  let wake: (() => void) | undefined
  const end = () => {
    ended = true
    wake?.()
  }
  const take = (chunk: Buffer) => {
    if (ended) return
    let from = 0
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, from)) {
      const line = partial.length === 0 ? chunk.subarray(from, at) : Buffer.concat([partial, chunk.subarray(from, at)])
      partial = Buffer.alloc(0)
      from = at + 1
      if (line.length > maxBytes) return tooLong()
      lines.push(line.toString('utf8', 0, line.at(-1) === 13 ? line.length - 1 : line.length))
    }
    if (partial.length + chunk.length - from > maxBytes) return tooLong()
    partial = Buffer.concat([partial, chunk.subarray(from)])
    if (lines.length > maxLinesAhead) connection.pause()
    wake?.()
  }
  const tooLong = () => {
    connection.close(`a line is longer than ${maxBytes} bytes`)
    end()
  }
  connection.receive(take)
  if (connection.signal.aborted) end()
  else connection.signal.addEventListener('abort', end, { once: true })
  try {
    for (;;) {
      const line = lines.shift()
      if (line !== undefined) {
        yield line
        continue
      }
      if (ended) return
      connection.resume()
      await new Promise<void>(resolve => {
        wake = resolve
      })
      wake = undefined
    }
  } finally {
    ended = true
  }
}
