import mqttJs from 'mqtt'
import { expect, test } from 'vitest'
import { broker } from '../../examples/embed/index.ts'

test('the embedded broker serves a real client', async () => {
  const [listener] = broker.listeners
  const client = await mqttJs.connectAsync(`mqtt://127.0.0.1:${listener!.port}`)
  const received = new Promise<string>(resolve => client.on('message', (_, payload) => resolve(payload.toString())))
  await client.subscribeAsync('a')
  await client.publishAsync('a', 'b')
  expect(await received).toBe('b')
  await client.endAsync()
  await broker.close()
})
