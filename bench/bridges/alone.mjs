// How fast a client is by itself: batches of 1,000, four of them under way.
const batch = 1_000
const underWay = 4

/** `send`: messages of these numbers, until the far side has them. Prints a line of JSON. */
export async function measureAlone(messages, send) {
  let next = 0
  const sendAll = async () => {
    while (next < messages) {
      const from = next
      next += batch
      await send(Array.from({ length: batch }, (_, at) => from + at))
    }
  }
  const cpu = process.cpuUsage()
  const began = performance.now()
  await Promise.all(Array.from({ length: underWay }, sendAll))
  const seconds = (performance.now() - began) / 1_000
  const { user, system } = process.cpuUsage(cpu)
  const cpuUs = Number(((user + system) / messages).toFixed(2))
  console.log(JSON.stringify({ perSecond: Math.round(messages / seconds), cpuUs }))
}
