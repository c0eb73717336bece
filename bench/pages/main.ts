import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { cpus, tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { BrokerProcess, freePort, keepTo, onCores } from '../processes.ts'
import type { CrowdSize } from './crowd.ts'
import { measureLists } from './lists.ts'
import { measureScrolling } from './scrolling.ts'

/**
 * How long the pages of the API's lists take among very many clients and topics, how late a message comes meanwhile, and
 * whether a browser that scrolls through them is smooth: `npm run bench:pages`.
 */
const source = (file: string): string => fileURLToPath(new URL(file, import.meta.url))

const { values } = parseArgs({
  options: {
    clients: { type: 'string', default: '50000' },
    filters: { type: 'string', default: '20' },
    topics: { type: 'string', default: '1000000' },
    shape: { type: 'string', default: 'tree' },
    rounds: { type: 'string', default: '20' },
    /** That a list is scrolled for. */
    frames: { type: 'string', default: '600' },
    /** lists, scrolling */
    parts: { type: 'string', default: 'lists,scrolling' },
  },
})
const size: CrowdSize = {
  clients: Number(values.clients),
  filters: Number(values.filters),
  topics: Number(values.topics),
  shape: values.shape === 'flat' ? 'flat' : 'tree',
}
const rounds = Number(values.rounds)

keepTo('1')
const directory = mkdtempSync(path.join(tmpdir(), 'bench-pages-'))
try {
  const ports = { mqtt: await freePort(), crowd: await freePort(), http: await freePort() }
  const configuration = path.join(directory, 'robustmq.yaml')
  writeFileSync(
    configuration,
    `plugins: [${source('crowd.js')}]
data: ${path.join(directory, 'data')}
storage: { type: memory }
listeners:
  mqtt: { port: ${ports.mqtt} }
  crowd: { protocol: crowd, port: ${ports.crowd} }
http: { port: ${ports.http} }
limits: { retainedMessages: 0, retainedBytes: 0, nodeRetainedMessages: 0, nodeRetainedBytes: 0 }
`,
  )
  const server = [process.execPath, source('../../../../dist/server/main.js'), 'start', '--config', configuration]
  await using _ = await BrokerProcess.start(onCores('0', server), ports.crowd, 1_000)
  const crowd = await fill(ports.crowd)
  console.log(JSON.stringify({ cpu: cpus()[0]?.model, cores: cpus().length, node: process.version, ...size, rounds }))
  const url = `http://127.0.0.1:${ports.http}`
  const parts = values.parts.split(',')
  if (parts.includes('lists')) await measureLists({ url, port: ports.mqtt, shape: size.shape, rounds })
  if (parts.includes('scrolling')) await measureScrolling(url, Number(values.frames))
  crowd.destroy()
} finally {
  rmSync(directory, { recursive: true, force: true })
}

/** The crowd is there as long as its connection is. */
async function fill(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  socket.write(`${JSON.stringify(size)}\n`)
  const left = once(socket, 'close').then(() =>
    Promise.reject(new Error('the server ended before the crowd was there')),
  )
  await Promise.race([once(socket, 'data'), left])
  left.catch(() => {})
  return socket
}
