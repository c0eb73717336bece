import { createHook } from 'node:async_hooks'
import { readFileSync } from 'node:fs'
import { PerformanceObserver } from 'node:perf_hooks'
import { getHeapStatistics } from 'node:v8'
import type { ProbeReading, ProbeRequest } from './counts.ts'

/** Preloaded into the broker's process; answers its parent with what the process has done so far. */
let collections = 0
let promises = 0

const observer = new PerformanceObserver(list => {
  collections += list.getEntries().length
})
observer.observe({ entryTypes: ['gc'] })
const hook = createHook({
  init: (_id, type) => {
    if (type === 'PROMISE') promises += 1
  },
})

process.on('message', (request: ProbeRequest) => {
  if (request === 'collect') collect()
  else if (request === 'watch promises') hook.enable()
  else if (request === 'stop watching') hook.disable()
  // The observer hears of a collection a turn later.
  setImmediate(() => setImmediate(() => process.send?.(read())))
})
// The broker ends when it is told to, whether or not somebody could still ask.
process.channel?.unref()

/** The second time waits until the first one's dead buffers are really gone. */
function collect(): void {
  global.gc?.()
  global.gc?.()
}

function read(): ProbeReading {
  const io = readFileSync('/proc/self/io', 'latin1')
  const total = (name: string): number => Number(new RegExp(`^${name}: (\\d+)`, 'm').exec(io)?.[1])
  return {
    reads: total('syscr'),
    writes: total('syscw'),
    writtenBytes: total('wchar'),
    heapBytes: getHeapStatistics().used_heap_size,
    bufferBytes: process.memoryUsage().arrayBuffers,
    promises,
    collections: collections + observer.takeRecords().length,
  }
}
