import type { BridgeConnection, Rung, TestTarget } from '../contract/bridge.ts'
import type { Clock } from '../contract/clock.ts'
import type { BridgeOptions } from './bridge-options.ts'

/** All rungs together may take so long; far sides that answer nothing are the reason to test. */
const ladderMs = 15_000

/** Climbs a connection's ladder. Whatever goes wrong is a rung that failed; nothing is thrown. */
export async function* climbLadder(
  connection: BridgeConnection<never, never, never>,
  target: TestTarget<never, never>,
  clock: Clock,
  signal?: AbortSignal,
): AsyncGenerator<Rung> {
  const over = new AbortController()
  let end = (): void => {}
  const ended = new Promise<never>((_, reject) => {
    end = () => {
      const late = new Error('no answer in time')
      over.abort(late)
      reject(late)
    }
  })
  ended.catch(() => {})
  const cancel = clock.after(ladderMs, end)
  signal?.addEventListener('abort', end, { once: true })
  const startedAt = clock.now()
  try {
    const rungs = connection.test(target, over.signal)[Symbol.asyncIterator]()
    for (;;) {
      const { done, value } = await Promise.race([rungs.next(), ended])
      if (done) return
      yield value
      if (!value.ok) return
    }
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error)
    yield { name: 'test', ms: clock.now() - startedAt, ok: false, detail }
  } finally {
    over.abort()
    cancel()
    signal?.removeEventListener('abort', end)
  }
}

/** The rung that failed; undefined when all of them hold. */
export async function failedRung(rungs: AsyncIterable<Rung>): Promise<Rung | undefined> {
  for await (const rung of rungs) if (!rung.ok) return rung
  return undefined
}

/** What a bridge needs of its connection. */
export function targetOf(options: BridgeOptions): TestTarget<never, never> {
  return (options.direction === 'egress' ? { to: options.to } : { from: options.from }) as TestTarget<never, never>
}
