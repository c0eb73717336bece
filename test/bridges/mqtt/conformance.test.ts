import { mqttBridge } from '../../../bridges/mqtt/index.ts'
import { Message } from '../../../kernel/index.ts'
import { bridgeConformance } from '../../conformance/bridge.ts'
import { startBroker } from '../../support/broker.ts'

bridgeConformance({
  name: 'mqtt',
  plugin: mqttBridge as never,
  async start() {
    const there = await startBroker({
      kernel: {
        access: { anonymous: 'always', rules: [{ effect: 'deny', filters: ['far/in/poison'] }], noMatch: 'allow' },
      },
    })
    const received: string[] = []
    const session = await there.kernel.space().session('watch', { clean: true, expiresAfterMs: 0, taken: () => {} })
    const consumer = session.consume(
      {
        deliver: (message, _via, delivery) => {
          received.push(Buffer.from(message.payload).toString())
          if (delivery) consumer.settle(delivery, 'accept')
        },
      },
      10_000,
    )
    await session.bind([{ filter: 'far/#', options: { guarantee: 1 } }], () => {})
    return {
      port: there.port,
      connection: port => ({
        ...{ url: `mqtt://127.0.0.1:${port}`, password: 'hush-hush', username: 'bridge' },
        ...{ connectTimeout: 500, keepAlive: 1_000 },
      }),
      secret: 'hush-hush',
      to: { topic: 'far/${topic}' },
      received: async () => [...received],
      poison: { topic: 'in/poison', payload: 'poison' },
      ingress: {
        from: { topics: ['offered/#'] },
        offer: async values => {
          for (const value of values) {
            await there.kernel
              .space()
              .publish(new Message({ topic: 'offered/k', payload: Buffer.from(value), guarantee: 1 }))
          }
        },
      },
      [Symbol.asyncDispose]: () => there[Symbol.asyncDispose](),
    }
  },
})
