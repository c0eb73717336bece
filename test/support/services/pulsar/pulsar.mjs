// Apache Pulsar standalone (broker, bookie, metadata, WebSocket) for automated tests. See README.md.
//
//   node pulsar.mjs install                                 jars and class archive into the cache; nothing to do when there
//   node pulsar.mjs start --dir DIR [--port BASE] [--secure]  waits until ready, prints one line of JSON
//   node pulsar.mjs stop --dir DIR                          clean shutdown
//   node pulsar.mjs kill --dir DIR                          kill -9
import { execFileSync, spawn } from 'node:child_process'
import { createHmac, randomBytes, randomInt } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const here = dirname(fileURLToPath(import.meta.url))
const version = /<version>(.+?)<\/version>/.exec(readFileSync(join(here, 'pom.xml'), 'utf8'))[1]
const cache = join(
  process.env.XDG_CACHE_HOME || join(homedir(), '.cache'),
  'robustmq-test-services',
  `pulsar-${version}`,
)
const lib = join(cache, 'lib')
const classArchive = join(cache, 'classes.jsa')
const java = process.env.JAVA_HOME ? join(process.env.JAVA_HOME, 'bin', 'java') : 'java'
const readyWithinMs = 180_000
const stoppedWithinMs = 30_000

const javaOptions = [
  // PULSAR_JAVA_OPTS replaces this line. The first compiler alone (C1) nearly halves the processor time of a start.
  ...(
    process.env.PULSAR_JAVA_OPTS ??
    '-Xms64m -Xmx256m -XX:MaxDirectMemorySize=256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1'
  ).split(' '),
  '-XX:+ExitOnOutOfMemoryError',
  '-Djava.net.preferIPv4Stack=true',
  `-Dlog4j2.configurationFile=${join(here, 'log4j2.properties')}`,
  '-Dlog4j2.is.webapp=false',
  // What Pulsar's own launcher opens for Netty and BookKeeper.
  '-Dio.netty.tryReflectionSetAccessible=true',
  ...[
    'java.base/java.io',
    'java.base/java.nio',
    'java.base/java.util.zip',
    'java.base/jdk.internal.misc',
    'java.base/jdk.internal.platform',
    'java.management/sun.management',
    'jdk.management/com.sun.management.internal',
  ].flatMap(name => ['--add-opens', `${name}=ALL-UNNAMED`]),
]

const {
  values: options,
  positionals: [command],
} = parseArgs({
  allowPositionals: true,
  options: { dir: { type: 'string' }, port: { type: 'string' }, secure: { type: 'boolean' } },
})
const commands = { install, start, stop: () => end('SIGTERM'), kill: () => end('SIGKILL') }
try {
  if (!Object.hasOwn(commands, command))
    throw new Error(
      'usage: pulsar.mjs install | start --dir DIR [--port BASE] [--secure] | stop --dir DIR | kill --dir DIR',
    )
  if (command !== 'install' && !options.dir) throw new Error(`${command} needs --dir DIR`)
  await commands[command]()
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
}

async function install() {
  if (!existsSync(lib)) {
    mkdirSync(cache, { recursive: true })
    await into(lib, async dir => {
      execFileSync('mvn', ['--batch-mode', '--quiet', '--file', join(here, 'pom.xml'), 'package', `-Dlib=${dir}`], {
        stdio: ['ignore', 2, 2],
      })
      return dir
    })
  }
  // One start that leaves its loaded classes behind halves the processor time of every later one.
  if (!existsSync(classArchive)) {
    await into(classArchive, async dir => {
      await launch(
        dir,
        { ...(await freePorts()), secure: null },
        `-XX:ArchiveClassesAtExit=${join(dir, 'classes.jsa')}`,
      )
      await signal(dir, 'SIGTERM', readyWithinMs)
      return join(dir, 'classes.jsa')
    })
  }
}

async function start() {
  await install()
  const dir = resolve(options.dir)
  if (runningPid(dir)) throw new Error(`Pulsar already runs in ${dir} as process ${runningPid(dir)}`)
  mkdirSync(dir, { recursive: true })
  // The same folder keeps its ports and keys, so that clients find it again.
  const settings = readJson(join(dir, 'settings.json')) ?? {
    ...(options.port ? portsFrom(Number(options.port)) : await freePorts()),
    secure: options.secure ? makeSecrets(join(dir, 'secure')) : null,
  }
  writeFileSync(join(dir, 'settings.json'), JSON.stringify(settings, null, 2))
  const { pid, startMs } = await launch(dir, settings, `-XX:SharedArchiveFile=${classArchive}`)
  const { secure } = settings
  if (secure) {
    await admin(settings, 'namespaces/public/default/permissions/client', {
      method: 'POST',
      body: '["produce","consume"]',
    })
  }
  console.log(
    JSON.stringify({
      serviceUrl: `pulsar://127.0.0.1:${settings.broker}`,
      webServiceUrl: `http://127.0.0.1:${settings.web}`,
      webSocketUrl: `ws://127.0.0.1:${settings.web}/ws/v2`,
      secure: secure && {
        serviceUrlTls: `pulsar+ssl://127.0.0.1:${settings.brokerTls}`,
        webServiceUrlTls: `https://127.0.0.1:${settings.webTls}`,
        webSocketUrlTls: `wss://127.0.0.1:${settings.webTls}/ws/v2`,
        ca: secure.ca,
        clientCert: secure.clientCert,
        clientKey: secure.clientKey,
        token: secure.tokens.client,
        deniedToken: secure.tokens.stranger,
        adminToken: secure.tokens.admin,
      },
      pid,
      startMs,
      rssKiB: rssKiB(pid),
    }),
  )
}

async function end(name) {
  await signal(resolve(options.dir), name, stoppedWithinMs)
}

/** Starts the JVM detached from this process and returns when Pulsar takes messages. */
async function launch(dir, settings, archiveOption) {
  const startedAt = Date.now()
  writeFileSync(join(dir, 'standalone.conf'), configuration(settings))
  const log = openSync(join(dir, 'pulsar.log'), 'a')
  const child = spawn(
    java,
    [
      ...javaOptions,
      archiveOption,
      '-cp',
      `${lib}/*`,
      'org.apache.pulsar.PulsarStandaloneStarter',
      '--config',
      'standalone.conf',
      '--no-functions-worker',
      '--no-stream-storage',
      '--metadata-dir',
      'metadata',
      '--bookkeeper-dir',
      'bookkeeper',
      '--bookkeeper-port',
      String(settings.bookie),
    ],
    { cwd: dir, detached: true, stdio: ['ignore', log, log] },
  )
  await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject))
  let ended
  child.once('exit', (code, signal) => {
    ended = signal ?? code
  })
  child.unref()
  writeFileSync(join(dir, 'pid'), String(child.pid))
  while (!(await ready(settings))) {
    if (ended !== undefined)
      throw new Error(`Pulsar ended with ${ended} while starting; see ${join(dir, 'pulsar.log')}`)
    if (Date.now() - startedAt > readyWithinMs) {
      await signal(dir, 'SIGKILL', stoppedWithinMs)
      throw new Error(`Pulsar was not ready after ${readyWithinMs} ms; see ${join(dir, 'pulsar.log')}`)
    }
    await sleep(50)
  }
  return { pid: child.pid, startMs: Date.now() - startedAt }
}

/** The broker's health check writes a message and reads it back; the default namespace is made a moment after the broker opens. */
async function ready(settings) {
  try {
    const namespaces = await admin(settings, 'namespaces/public')
    return namespaces.includes('public/default') && (await admin(settings, 'brokers/health')) === 'ok'
  } catch {
    return false
  }
}

async function admin({ web, secure }, path, request = {}) {
  const headers = {
    'content-type': 'application/json',
    ...(secure && { authorization: `Bearer ${secure.tokens.admin}` }),
  }
  const response = await fetch(`http://127.0.0.1:${web}/admin/v2/${path}`, {
    headers,
    signal: AbortSignal.timeout(60_000),
    ...request,
  })
  const body = await response.text()
  if (!response.ok) throw new Error(`${path}: ${response.status} ${body}`)
  return body
}

function configuration({ broker, web, brokerTls, webTls, secure }) {
  const lines = [
    readFileSync(join(here, 'standalone.conf'), 'utf8'),
    `brokerServicePort=${broker}`,
    `webServicePort=${web}`,
  ]
  if (secure) {
    lines.push(
      `brokerServicePortTls=${brokerTls}`,
      `webServicePortTls=${webTls}`,
      `tlsCertificateFilePath=${secure.serverCert}`,
      `tlsKeyFilePath=${secure.serverKey}`,
      `tlsTrustCertsFilePath=${secure.ca}`,
      'authenticationEnabled=true',
      'authorizationEnabled=true',
      'superUserRoles=admin',
      'authenticationProviders=org.apache.pulsar.broker.authentication.AuthenticationProviderToken,org.apache.pulsar.broker.authentication.AuthenticationProviderTls',
      `tokenSecretKey=data:;base64,${secure.tokenKey}`,
      'brokerClientAuthenticationPlugin=org.apache.pulsar.client.impl.auth.AuthenticationToken',
      `brokerClientAuthenticationParameters=token:${secure.tokens.admin}`,
    )
  }
  return `${lines.join('\n')}\n`
}

/** An authority, a server certificate for localhost, a client certificate for the role "client", and a token for each role. */
function makeSecrets(dir) {
  mkdirSync(dir, { recursive: true })
  const file = name => join(dir, name)
  const openssl = (...args) => execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] })
  const newKey = ['-newkey', 'rsa:2048', '-nodes', '-days', '3650']
  openssl('req', '-x509', ...newKey, '-subj', '/CN=test authority', '-keyout', file('ca.key'), '-out', file('ca.pem'))
  const issue = (name, subject, extension) =>
    openssl(
      'req',
      '-x509',
      ...newKey,
      '-subj',
      subject,
      '-addext',
      extension,
      '-addext',
      'basicConstraints=critical,CA:FALSE',
      '-CA',
      file('ca.pem'),
      '-CAkey',
      file('ca.key'),
      '-keyout',
      file(`${name}.key`),
      '-out',
      file(`${name}.pem`),
    )
  issue('server', '/CN=localhost', 'subjectAltName=DNS:localhost,IP:127.0.0.1')
  issue('client', '/CN=client', 'extendedKeyUsage=clientAuth')
  const key = randomBytes(32)
  return {
    ca: file('ca.pem'),
    serverCert: file('server.pem'),
    serverKey: file('server.key'),
    clientCert: file('client.pem'),
    clientKey: file('client.key'),
    tokenKey: key.toString('base64'),
    tokens: { admin: token(key, 'admin'), client: token(key, 'client'), stranger: token(key, 'stranger') },
  }
}

function token(key, role) {
  const encode = value => Buffer.from(JSON.stringify(value)).toString('base64url')
  const unsigned = `${encode({ alg: 'HS256' })}.${encode({ sub: role })}`
  return `${unsigned}.${createHmac('sha256', key).update(unsigned).digest('base64url')}`
}

function portsFrom(base) {
  return { broker: base, web: base + 1, bookie: base + 2, brokerTls: base + 3, webTls: base + 4 }
}

/**
 * Five in a row that are free, below the range for outgoing connections: a client that tries one of that range again and
 * again while the broker is down can come to be connected to itself, and then holds the port.
 */
async function freePorts() {
  for (let tries = 0; tries < 100; tries++) {
    const ports = portsFrom(randomInt(20_000, 32_000))
    const free = await Promise.all(Object.values(ports).map(isFree))
    if (free.every(Boolean)) return ports
  }
  throw new Error('no five ports in a row are free')
}

function isFree(port) {
  return new Promise(resolve => {
    const server = createServer()
      .once('error', () => resolve(false))
      .listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

async function signal(dir, name, withinMs) {
  const pid = runningPid(dir)
  if (!pid) return
  process.kill(pid, name)
  for (const startedAt = Date.now(); runningPid(dir); await sleep(20)) {
    if (Date.now() - startedAt > withinMs) throw new Error(`process ${pid} is still there ${withinMs} ms after ${name}`)
  }
}

/** The process of this folder, which is its working directory, or undefined. A number reused by another program does not count. */
function runningPid(dir) {
  try {
    const pid = Number(readFileSync(join(dir, 'pid'), 'utf8'))
    return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(dir) ? pid : undefined
  } catch (error) {
    // Anything else does not tell that there is none, and what runs must not be left running.
    if (!['ENOENT', 'ESRCH'].includes(error.code)) throw error
    return undefined
  }
}

function rssKiB(pid) {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1])
}

function readJson(path) {
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined
}

/** Makes something in a folder of its own and moves it into place whole. Of two installs at once, the first to finish wins. */
async function into(target, make) {
  const dir = mkdtempSync(join(cache, 'partial-'))
  try {
    const made = await make(dir)
    if (!existsSync(target)) renameSync(made, target)
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}
