// A broker with one bridge, or none: `server.mjs '{"port":...}'`. It is measured from outside.
import { createKernel } from 'robustmq'
import { kafka } from 'robustmq/bridge/kafka'
import { pulsar } from 'robustmq/bridge/pulsar'
import { mqtt } from 'robustmq/mqtt'
import { file } from 'robustmq/storage/file'

const { port, data, filter, delivery, bridge } = JSON.parse(process.argv[2] ?? '{}')

const broker = await createKernel({
  protocols: [{ plugin: mqtt }],
  storage: { plugin: file, options: { directory: data } },
  listeners: [{ name: 'tcp', protocol: 'mqtt', transport: 'tcp', host: '127.0.0.1', port }],
  ...(bridge && { bridging: bridgingOf(bridge) }),
})
console.log('ready')
process.once('SIGTERM', () => broker.close().then(() => process.exit()))

function bridgingOf({ to, connection, topic, store }) {
  const out = { egress: filter, to: { connection: 'far', topic, key: '${clientid}' }, delivery, buffer: { store } }
  return {
    connections: { far: { plugin: { kafka, pulsar }[to], options: connection } },
    bridges: { out },
  }
}
