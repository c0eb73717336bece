#!/usr/bin/env node
// A real Apache Kafka (KRaft) on loopback for automated tests: `kafka.mjs help`, and README.md beside this file.
import { spawn } from 'node:child_process'
import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { create, find, load, logOf } from './cluster.mjs'
import { CLASS_DATA, copyJars, HOME, JARS, jvm, TOOLS, VERSION } from './java.mjs'
import { end, gone, isRunning, launch, READY_WITHIN_MS } from './processes.mjs'

const HELP = `kafka.mjs install                                      the jars, once per machine; start does it too
kafka.mjs start --dir DIR [--nodes 1|3] [--port BASE] [--secure] [--set key=value ...]
kafka.mjs status --dir DIR                             the line of JSON that start prints
kafka.mjs kill --dir DIR --node N [--signal KILL]      KILL, TERM, STOP (hang) or CONT
kafka.mjs restart-node --dir DIR --node N              same data, same ports
kafka.mjs stop --dir DIR                               all nodes; the data stays
kafka.mjs tool NAME ...                                topics configs acls groups get-offsets console-producer
                                                       console-consumer producer-perf consumer-perf storage dump-log`

const commands = {
  async install() {
    await install()
    return { version: VERSION, home: HOME }
  },

  async start({ dir, nodes, port, secure, set }) {
    const began = Date.now()
    await install()
    const cluster = existsSync(join(dir, 'cluster.json')) ? load(dir) : await create(dir, { nodes, port, secure, set })
    await launch(
      dir,
      cluster,
      cluster.nodes.filter(node => !isRunning(dir, node)),
    )
    return { ...describe(dir, cluster), startMs: Date.now() - began }
  },

  status: async ({ dir }) => describe(dir, load(dir)),

  async kill({ dir, node: id, signal }) {
    const node = find(load(dir), id)
    if (!isRunning(dir, node)) throw new Error(`node ${id} is not running`)
    process.kill(node.pid, `SIG${signal}`)
    if (signal === 'KILL' || signal === 'TERM') await gone(dir, [node])
    return { node: node.id, pid: node.pid, signal }
  },

  async 'restart-node'({ dir, node: id }) {
    const began = Date.now()
    const cluster = load(dir)
    const node = find(cluster, id)
    await end(dir, [node])
    await launch(dir, cluster, [node])
    return { ...describe(dir, cluster), startMs: Date.now() - began }
  },

  async stop({ dir }) {
    const running = load(dir).nodes.filter(node => isRunning(dir, node))
    await end(dir, running)
    return { stopped: running.map(node => node.pid) }
  },
}

async function main([name, ...rest]) {
  if (name === 'tool') return tool(rest)
  if (!Object.hasOwn(commands, name ?? '')) {
    console.log(HELP)
    process.exitCode = name === 'help' ? 0 : 2
    return
  }
  const { values } = parseArgs({
    args: rest,
    options: {
      dir: { type: 'string' },
      nodes: { type: 'string', default: '1' },
      node: { type: 'string' },
      port: { type: 'string' },
      secure: { type: 'boolean', default: false },
      signal: { type: 'string', default: 'KILL' },
      set: { type: 'string', multiple: true, default: [] },
    },
  })
  if (name !== 'install' && !values.dir) throw new Error(`${name} needs --dir DIR`)
  console.log(JSON.stringify(await commands[name]({ ...values, dir: values.dir && resolve(values.dir) })))
}

async function tool([name, ...args]) {
  if (!TOOLS[name]) throw new Error(`unknown tool "${name}"; there are: ${Object.keys(TOOLS).join(' ')}`)
  await install()
  const child = spawn('java', [...jvm('256m'), '-Dlog4j2.level=ERROR', TOOLS[name], ...args], { stdio: 'inherit' })
  child.once('exit', code => {
    process.exitCode = code ?? 1
  })
}

// Both parts are written aside and renamed, so installs that run at the same time cannot harm each other.
async function install() {
  if (!existsSync(JARS)) await copyJars()
  if (!existsSync(CLASS_DATA)) await archiveClasses()
}

// A class-data archive, dumped by a broker that starts and stops once, saves each later JVM about a third of its start.
async function archiveClasses() {
  const dir = join(tmpdir(), `kafka-classes-${process.pid}`)
  const aside = `${CLASS_DATA}.${process.pid}`
  const cluster = await create(dir, { nodes: '1', set: [] })
  await launch(dir, cluster, cluster.nodes, [`-XX:ArchiveClassesAtExit=${aside}`])
  process.kill(cluster.nodes[0].pid, 'SIGTERM')
  await gone(dir, cluster.nodes, READY_WITHIN_MS)
  renameSync(aside, CLASS_DATA)
  rmSync(dir, { recursive: true, force: true })
}

function describe(dir, { version, clusterId, nodes, users }) {
  const running = nodes.filter(node => isRunning(dir, node))
  const addresses = name => nodes.map(({ ports }) => `127.0.0.1:${ports[name]}`).join(',')
  const tls = join(dir, 'tls')
  return {
    version,
    clusterId,
    dir,
    bootstrap: addresses('plaintext'),
    secure: users && {
      ssl: addresses('ssl'),
      mtls: addresses('mtls'),
      saslPlaintext: addresses('sasl_plaintext'),
      saslSsl: addresses('sasl_ssl'),
      proxied: nodes.map(({ ports }) => ({ port: ports.proxied, proxy: ports.proxy })),
      ca: join(tls, 'ca.crt'),
      cert: join(tls, 'client.crt'),
      key: join(tls, 'client.key'),
      users,
      oauthTokens: Object.fromEntries(Object.keys(users).map(name => [name, unsecuredToken(name)])),
    },
    nodes: nodes.map(node => ({ ...node, running: running.includes(node), log: logOf(dir, node) })),
    pids: running.map(node => node.pid),
    rssKiB: running.reduce(
      (sum, { pid }) => sum + Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]),
      0,
    ),
  }
}

// An unsigned JWT for SASL OAUTHBEARER, good for a day.
function unsecuredToken(subject) {
  const now = Math.floor(Date.now() / 1000)
  const part = value => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part({ alg: 'none' })}.${part({ sub: subject, iat: now, exp: now + 86_400 })}.`
}

main(process.argv.slice(2)).catch(error => {
  console.error(`kafka.mjs: ${error.message}`)
  process.exitCode = 1
})
