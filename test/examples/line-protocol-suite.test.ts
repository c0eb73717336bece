import { line } from '../../examples/line-protocol/index.ts'
import { type ProtocolClient, protocolSuite } from '../conformance/protocol.ts'
import { LineClient } from './support/line-client.ts'

protocolSuite('the line protocol', {
  plugin: line,
  connect: async (port, { id, transport }) => adapted(await LineClient.hello(port, id, { transport })),
})

function adapted(client: LineClient): ProtocolClient {
  return {
    publish: async (topic, payload) => void (await client.ask(`PUB ${topic} ${payload}`)),
    subscribe: async filter => void (await client.ask(`SUB ${filter}`)),
    unsubscribe: async filter => void (await client.ask(`UNSUB ${filter}`)),
    async next() {
      const [, topic = '', payload = ''] = /^MSG (\S+) (.*)$/.exec(await client.next()) ?? []
      return { topic, payload }
    },
    async nothing() {
      await client.ask('UNSUB nothing/at/all')
      if (client.unread.length > 0) throw new Error(`unread: ${client.unread[0]}`)
    },
    pause: () => client.transport.pause(),
    resume: () => client.transport.resume(),
    end: () => client.end(),
    async closed() {
      await client.closed()
      return { inOrder: client.error === undefined }
    },
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  }
}
