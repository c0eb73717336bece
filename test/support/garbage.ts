import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/**
 * Collects what nothing refers to, so that what is left can be counted whenever V8 would have got round to it. Twice, as
 * V8 frees the bytes of buffers on another thread, and waits for that thread only when the next collection begins.
 */
export function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  collect()
}
