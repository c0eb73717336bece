// A cluster on disk: its properties, certificates, users and ports.
import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { jvm, run, TOOLS, VERSION } from './java.mjs'

export async function create(dir, { nodes: count, port, secure = false, set }) {
  if (!['1', '3'].includes(count)) throw new Error(`--nodes is 1 or 3, not "${count}"`)
  mkdirSync(dir, { recursive: true })
  const names = secure
    ? ['plaintext', 'controller', 'ssl', 'mtls', 'sasl_plaintext', 'sasl_ssl', 'proxied', 'proxy']
    : ['plaintext', 'controller']
  const ports = await freePorts(names.length * Number(count), port && Number(port))
  const nodes = Array.from({ length: Number(count) }, (_, index) => ({
    id: index + 1,
    ports: Object.fromEntries(names.map(name => [name, ports.shift()])),
  }))
  const users = secure ? { app: password(), limited: password() } : undefined
  const cluster = {
    version: VERSION,
    clusterId: randomBytes(16).toString('base64url').replace(/^-/, 'A'),
    nodes,
    users,
  }
  if (secure) await makeCertificates(join(dir, 'tls'))
  for (const node of nodes) {
    mkdirSync(home(dir, node), { recursive: true })
    writeFileSync(propertiesOf(dir, node), serverProperties(dir, cluster, node, set))
  }
  const credentials = Object.entries(users ?? {}).flatMap(([name, secret]) =>
    ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap(mechanism => [
      '--add-scram',
      `${mechanism}=[name=${name},password=${secret}]`,
    ]),
  )
  await Promise.all(
    nodes.map(node =>
      run('java', [
        ...jvm('128m'),
        '-Dlog4j2.level=WARN',
        TOOLS.storage,
        'format',
        '-t',
        cluster.clusterId,
        '-c',
        propertiesOf(dir, node),
        ...credentials,
      ]),
    ),
  )
  save(dir, cluster)
  return cluster
}

function serverProperties(dir, { nodes, users }, { id, ports }, set) {
  const listeners = (names, at = ports) => names.map(name => `${name.toUpperCase()}://127.0.0.1:${at[name]}`).join(',')
  const names = Object.keys(ports).filter(name => name !== 'proxy')
  // Whoever comes by the proxy is sent there again: its port is free for one, and nothing of Kafka listens on it.
  const advertised = { ...ports, proxied: ports.proxy }
  const replicas = nodes.length
  const inSync = Math.min(2, replicas)
  const properties = {
    'process.roles': 'broker,controller',
    'node.id': id,
    'controller.quorum.voters': nodes.map(node => `${node.id}@127.0.0.1:${node.ports.controller}`).join(','),
    'controller.listener.names': 'CONTROLLER',
    listeners: listeners(names),
    'advertised.listeners': listeners(
      names.filter(name => name !== 'controller'),
      advertised,
    ),
    'listener.security.protocol.map':
      'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SSL:SSL,MTLS:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL,PROXIED:SASL_PLAINTEXT',
    'inter.broker.listener.name': 'PLAINTEXT',
    'log.dirs': join(home(dir, { id }), 'data'),

    'default.replication.factor': replicas,
    'min.insync.replicas': inSync,
    'offsets.topic.replication.factor': replicas,
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': inSync,
    'share.coordinator.state.topic.replication.factor': replicas,
    'share.coordinator.state.topic.min.isr': inSync,

    // Small: internal topics of a few partitions, few threads, and no 128 MiB buffer for the log cleaner.
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.num.partitions': 4,
    'share.coordinator.state.topic.num.partitions': 4,
    'num.network.threads': 2,
    'num.io.threads': 4,
    'background.threads': 2,
    'log.cleaner.dedupe.buffer.size': 4 * 1024 * 1024,
    'log.index.size.max.bytes': 1024 * 1024,

    // Quick: a dead broker is fenced after 3 s (9 s by default), and consumer groups form at once.
    'broker.heartbeat.interval.ms': 500,
    'broker.session.timeout.ms': 3000,
    'controller.quorum.fetch.timeout.ms': 1500,
    'controller.quorum.election.timeout.ms': 500,
    'group.initial.rebalance.delay.ms': 0,
    'group.min.session.timeout.ms': 1000,
    'group.consumer.min.session.timeout.ms': 1000,
    'group.consumer.min.heartbeat.interval.ms': 500,
    ...(users && securityProperties(join(dir, 'tls'), users)),
  }
  const lines = Object.entries(properties).map(([key, value]) => `${key}=${value}`)
  return [...lines, ...set, ''].join('\n')
}

// The inter-broker PLAINTEXT listener and the user `app` may do everything; `limited` may do what ACLs grant it: at first nothing.
function securityProperties(tls, users) {
  const passwords = Object.entries(users)
    .map(([name, secret]) => `user_${name}="${secret}"`)
    .join(' ')
  const login = {
    plain: `plain.PlainLoginModule required ${passwords};`,
    'scram-sha-256': 'scram.ScramLoginModule required;',
    'scram-sha-512': 'scram.ScramLoginModule required;',
    oauthbearer: 'oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="app";',
  }
  const jaas = ['sasl_plaintext', 'sasl_ssl', 'proxied'].flatMap(listener =>
    Object.entries(login).map(([mechanism, module]) => [
      `listener.name.${listener}.${mechanism}.sasl.jaas.config`,
      `org.apache.kafka.common.security.${module}`,
    ]),
  )
  return {
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': join(tls, 'server.pem'),
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': join(tls, 'ca.crt'),
    'listener.name.mtls.ssl.client.auth': 'required',
    'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER',
    ...Object.fromEntries(jaas),
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'super.users': 'User:ANONYMOUS;User:app;User:CN=client',
  }
}

// ca.crt; server.pem and client.pem (key, then certificate) for Kafka; client.key and client.crt for everybody else.
async function makeCertificates(tls) {
  mkdirSync(tls, { recursive: true })
  const openssl = (...args) => run('openssl', args, { cwd: tls })
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc', '-days', '3650']
  await openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.crt', '-subj', '/CN=test-ca')
  for (const [name, altName] of [
    ['server', 'DNS:localhost,IP:127.0.0.1'],
    ['client', 'DNS:client'],
  ]) {
    await openssl(
      'req',
      '-x509',
      '-CA',
      'ca.crt',
      '-CAkey',
      'ca.key',
      ...key,
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.crt`,
      '-subj',
      `/CN=${name}`,
      '-addext',
      `subjectAltName=${altName}`,
      '-addext',
      'basicConstraints=critical,CA:FALSE',
    )
    writeFileSync(
      join(tls, `${name}.pem`),
      ['key', 'crt'].map(end => readFileSync(join(tls, `${name}.${end}`), 'utf8')).join(''),
    )
  }
}

// Below the range that the kernel gives to outgoing connections: a client that reconnects to a dead broker's port
// inside that range can be given the same port as its own, connect to itself, and keep the broker from coming back.
async function freePorts(count, base) {
  const isFree = port =>
    new Promise(done => {
      const server = createServer().once('error', () => done(false))
      server.listen(port, '127.0.0.1', () => server.close(() => done(true)))
    })
  for (let attempt = 0; attempt < 100; attempt++) {
    const first = base ?? 20_000 + Math.floor(Math.random() * 12_000)
    const ports = Array.from({ length: count }, (_, index) => first + index)
    if ((await Promise.all(ports.map(isFree))).every(Boolean)) return ports
    if (base) throw new Error(`ports ${base} to ${base + count - 1} are not all free`)
  }
  throw new Error(`found no ${count} free ports in a row`)
}

export function find({ nodes }, id) {
  const node = nodes.find(candidate => String(candidate.id) === id)
  if (!node) throw new Error(`--node is one of ${nodes.map(candidate => candidate.id)}, not "${id}"`)
  return node
}

const home = (dir, { id }) => join(dir, `node-${id}`)
export const propertiesOf = (dir, node) => join(home(dir, node), 'server.properties')
export const logOf = (dir, node) => join(home(dir, node), 'server.log')
const password = () => randomBytes(9).toString('hex')
export const load = dir => JSON.parse(readFileSync(join(dir, 'cluster.json'), 'utf8'))
export const save = (dir, cluster) => writeFileSync(join(dir, 'cluster.json'), JSON.stringify(cluster, null, 2))
