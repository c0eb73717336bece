import { mqtt } from '../../../protocols/mqtt/index.ts'
import { type ProtocolClient, protocolSuite } from '../../conformance/protocol.ts'
import { type ReceivedOf, type Version, type Wire, wire } from '../../support/wire.ts'

for (const version of [4, 5] as const) {
  protocolSuite(`MQTT ${version === 4 ? '3.1.1' : '5.0'}`, {
    plugin: mqtt,
    options: { sysInterval: 0 },
    tellsRefusals: version === 5,
    connect: (port, { id, transport }) => connected(port, id, transport, version),
  })
}

async function connected(port: number, id: string, transport: 'tcp' | 'ws', version: Version): Promise<ProtocolClient> {
  const client = await wire(port, { transport, version })
  const { reasonCode, returnCode } = await client.connect({ clientId: id })
  const code = reasonCode ?? returnCode ?? 0
  if (code !== 0) throw new Error(`CONNACK ${code}`)
  return adapted(client)
}

function adapted(client: Wire): ProtocolClient {
  return {
    async publish(topic, payload) {
      const [puback] = await client.publish(topic, payload, { qos: 1 })
      refusal((puback as ReceivedOf<'puback'>).reasonCode)
    },
    async subscribe(filter) {
      const { granted } = await client.subscribe(filter, { qos: 1 })
      refusal(granted[0] as number)
    },
    unsubscribe: async filter => void (await client.unsubscribe(filter)),
    async next() {
      const message = await client.take('publish')
      await client.ack(message)
      return { topic: message.topic, payload: message.payload.toString() }
    },
    nothing: () => client.nothing(),
    pause: () => client.pause(),
    resume: () => client.resume(),
    end: () => client.end(),
    closed: async () => ({ inOrder: (await client.closed()).error === undefined }),
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  }
}

function refusal(code = 0): void {
  if (code >= 0x80) throw new Error(`refused with ${code}`)
}
