// Shows a test what a running server holds: a protocol of its own, served to whoever the test's configuration lets in.
// Each line that comes is answered by a line of JSON; "collect" has the garbage collected first, "count" counts what is
// left as well. The product has no such plugin.
import { getEventListeners } from 'node:events'
import { Socket } from 'node:net'
import { queryObjects, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc')
const timer = setTimeout(() => {}, 0).constructor

export const probe = {
  kind: 'protocol',
  name: 'probe',
  api: 1,
  options: {},
  open: async host => ({
    async serve(connection) {
      for await (const line of connection.lines(64)) {
        if (line !== 'look') collect()
        const answer = line === 'count' ? { ...look(host), ...alive(host) } : look(host)
        connection.output.write(Buffer.from(`${JSON.stringify(answer)}\n`))
      }
    },
    close: async () => {},
  }),
}

function look(host) {
  const numbers = {}
  for (const { name, labels, value } of host.counters.all()) {
    numbers[[name, ...Object.values(labels)].join(' ')] = value
  }
  const resources = {}
  for (const name of process.getActiveResourcesInfo()) resources[name] = (resources[name] ?? 0) + 1
  return { numbers, resources, memory: process.memoryUsage() }
}

/** What the garbage collector has left, and who listens to what outlives every connection. */
function alive(host) {
  const count = kind => queryObjects(kind, { format: 'count' })
  const { heapUsed } = process.memoryUsage()
  return {
    heapBytes: heapUsed,
    objects: { sockets: count(Socket), timers: count(timer), aborts: count(AbortController) },
    listeners: {
      closing: getEventListeners(host.closing, 'abort').length,
      process: process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0),
    },
  }
}
