// A flood in a process of its own: which one is on its command line, and its parent says when what happens.
import { type FloodName, floods } from './floods.ts'
import type { Answer, Call, Method } from './remote-flood.ts'

const [name, size] = process.argv.slice(2)
const flood = floods[name as FloodName](Number(size))
const stop = new AbortController()

const acts: Readonly<Record<Method, (port: number) => unknown>> = {
  prepare: port => flood.prepare(port),
  run: port => flood.run(port, stop.signal),
  stop: () => stop.abort(),
  drain: () => flood.drain(),
  clear: port => flood.clear(port),
  end: () => flood.end(),
}

process.on('message', async ({ method, port }: Call) => {
  const answer: Answer = await Promise.resolve(port)
    .then(acts[method])
    .then(
      value => ({ method, value }),
      (error: unknown) => ({ method, error: String(error) }),
    )
  process.send?.(answer)
})
process.on('disconnect', () => process.exit())
