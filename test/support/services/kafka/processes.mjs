// The processes of a cluster.
import { spawn } from 'node:child_process'
import { openSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { logOf, propertiesOf, save } from './cluster.mjs'
import { jvm } from './java.mjs'

export const READY_WITHIN_MS = 120_000
const STOP_WITHIN_MS = 10_000

// Starts these nodes and waits until the cluster serves; nodes that do not come up are not left behind.
export async function launch(dir, cluster, nodes, archive) {
  for (const node of nodes) {
    const log = openSync(logOf(dir, node), 'a')
    const child = spawn(
      'java',
      [...jvm('256m', archive), '-Dlog4j2.level=INFO', 'kafka.Kafka', propertiesOf(dir, node)],
      { detached: true, stdio: ['ignore', log, log] },
    )
    child.unref()
    node.pid = child.pid
  }
  save(dir, cluster)
  try {
    await ready(
      dir,
      cluster.nodes.filter(node => nodes.includes(node) || isRunning(dir, node)),
    )
  } catch (error) {
    await end(dir, nodes)
    throw error
  }
}

// A pid may have been given to another process since: only one that runs this node's properties is ours.
export function isRunning(dir, { id, pid }) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(propertiesOf(dir, { id }))
  } catch (error) {
    // Anything else does not tell that it is gone, and what runs must not be left running.
    if (!['ENOENT', 'ESRCH'].includes(error.code)) throw error
    return false
  }
}

export async function gone(dir, nodes, withinMs = STOP_WITHIN_MS) {
  const deadline = Date.now() + withinMs
  while (nodes.some(node => isRunning(dir, node))) {
    if (Date.now() > deadline) throw new Error(`still running after ${withinMs} ms: ${nodes.map(node => node.pid)}`)
    await delay(20)
  }
}

// SIGKILL, which Kafka's log recovers from: a controlled shutdown needs a quorum that is being shut down as well.
export async function end(dir, nodes) {
  for (const node of nodes) if (isRunning(dir, node)) process.kill(node.pid, 'SIGKILL')
  await gone(dir, nodes)
}

// Ready: each of the nodes answers a Metadata request, and names a controller and all of the nodes.
async function ready(dir, nodes) {
  const deadline = Date.now() + READY_WITHIN_MS
  for (const node of nodes) {
    const isServing = async () => {
      const { controller, brokers } = await metadata(node.ports.plaintext)
      return controller >= 0 && nodes.every(({ id }) => brokers.includes(id))
    }
    while (!(await isServing().catch(() => false))) {
      const failure = !isRunning(dir, node)
        ? 'ended'
        : Date.now() > deadline
          ? `was not ready after ${READY_WITHIN_MS} ms`
          : undefined
      if (failure)
        throw new Error(
          `node ${node.id} ${failure}; the end of its log:\n${readFileSync(logOf(dir, node), 'utf8').slice(-3000)}`,
        )
      await delay(50)
    }
  }
}

// Metadata v1 for no topics: size, api 3, version 1, correlation id, null client id, empty array.
function metadata(port) {
  const request = Buffer.from('00000000' + '0003' + '0001' + '00000001' + 'ffff' + '00000000', 'hex')
  request.writeInt32BE(request.length - 4)
  return new Promise((done, fail) => {
    let received = Buffer.alloc(0)
    const socket = connect({ port, host: '127.0.0.1', timeout: 2000 }, () => socket.write(request))
    socket.once('error', fail)
    socket.once('timeout', () => socket.destroy(new Error('no answer')))
    socket.once('close', () => fail(new Error('closed')))
    socket.on('data', chunk => {
      received = Buffer.concat([received, chunk])
      if (received.length < 4 || received.length < 4 + received.readInt32BE()) return
      socket.destroy()
      done(parseMetadata(received))
    })
  })
}

function parseMetadata(bytes) {
  let at = 8
  const int32 = () => bytes.readInt32BE((at += 4) - 4)
  const string = () => {
    at += 2 + Math.max(0, bytes.readInt16BE(at))
  }
  const brokers = Array.from({ length: int32() }, () => {
    const id = int32()
    string()
    int32()
    string()
    return id
  })
  return { brokers, controller: int32() }
}
