// Clients that do nothing wrong: pairs of a publisher and a subscriber with MQTT.js, at QoS 1, each 20 messages a second.
// Reads "measure" (forget the latencies so far, print "measuring") and "finish" from its standard input; after that it
// waits for what is still on its way and prints "report" with what it saw as JSON.
import { createInterface } from 'node:readline'
import mqtt from 'mqtt'

const [port, pairs] = process.argv.slice(2).map(Number)
const everyMs = 50
const streams = []
let latencies = []
let stopped = false

async function connected(clientId) {
  const client = await mqtt.connectAsync({ host: '127.0.0.1', port, protocolVersion: 5, clientId, reconnectPeriod: 0 })
  client.on('close', () => {
    if (!stopped) console.log(`a healthy client lost its connection: ${clientId}`)
  })
  return client
}

async function stream(name) {
  const [subscriber, publisher] = [await connected(`healthy-reader-${name}`), await connected(`healthy-writer-${name}`)]
  const state = { sent: 0, acknowledged: 0, came: 0, disordered: 0, timer: undefined, subscriber, publisher }
  subscriber.on('message', (_topic, payload) => {
    const [number, sentAt] = String(payload).split(' ').map(Number)
    latencies.push(performance.now() - sentAt)
    if (number !== state.came) state.disordered++
    state.came++
  })
  await subscriber.subscribeAsync(`healthy/${name}`, { qos: 1 })
  state.timer = setInterval(() => {
    publisher.publish(`healthy/${name}`, `${state.sent++} ${performance.now()}`, { qos: 1 }, error => {
      if (!error) state.acknowledged++
    })
  }, everyMs)
  return state
}

function quantile(q) {
  const sorted = latencies.toSorted((a, b) => a - b)
  return Number((sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0).toFixed(2))
}

const taken = () => ({ measured: latencies.length, p50Ms: quantile(0.5), p99Ms: quantile(0.99), mostMs: quantile(1) })

for (let i = 0; i < pairs; i++) streams.push(await stream(i))
console.log('ready')
createInterface({ input: process.stdin }).on('line', async line => {
  if (line === 'measure') {
    console.log(`measured ${JSON.stringify(taken())}`)
    latencies = []
    return
  }
  for (const { timer } of streams) clearInterval(timer)
  const done = () => streams.every(({ sent, acknowledged, came }) => acknowledged === sent && came === sent)
  const pendingUntil = performance.now() + 30_000
  while (!done() && performance.now() < pendingUntil) await new Promise(resolve => setTimeout(resolve, 20))
  stopped = true
  const counts = streams.map(({ sent, acknowledged, came, disordered }) => ({ sent, acknowledged, came, disordered }))
  console.log(`report ${JSON.stringify(counts)}`)
  for (const { subscriber, publisher } of streams) for (const one of [subscriber, publisher]) await one.endAsync(true)
  process.stdin.destroy()
})
