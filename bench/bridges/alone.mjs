import { setTimeout as pause } from 'node:timers/promises'

// How fast a client is by itself: batches of 1,000, four of them under way.
const batch = 1_000
const underWay = 4
/** How long a bridge lets a batch fill. */
const lingerMs = 5

/**
 * `send`: messages of these numbers, until the far side has them; with a rate so many a second, as a bridge would send
 * them. Prints a line of JSON.
 */
export async function measureAlone({ messages, rate }, send) {
  const cpu = process.cpuUsage()
  const began = performance.now()
  await (rate === undefined ? sendAll(messages, send) : sendOnSchedule(messages, rate, send))
  const seconds = (performance.now() - began) / 1_000
  const { user, system } = process.cpuUsage(cpu)
  const cpuUs = Number(((user + system) / messages).toFixed(2))
  console.log(JSON.stringify({ perSecond: Math.round(messages / seconds), cpuUs }))
}

async function sendAll(messages, send) {
  let next = 0
  const one = async () => {
    while (next < messages) {
      const from = next
      next += batch
      await send(numbers(from, next))
    }
  }
  await Promise.all(Array.from({ length: underWay }, one))
}

async function sendOnSchedule(messages, rate, send) {
  const began = performance.now()
  for (let sent = 0; sent < messages; ) {
    await pause(lingerMs)
    const due = Math.min(messages, Math.floor(((performance.now() - began) / 1_000) * rate))
    await send(numbers(sent, due))
    sent = due
  }
}

function numbers(from, to) {
  return Array.from({ length: to - from }, (_, at) => from + at)
}
