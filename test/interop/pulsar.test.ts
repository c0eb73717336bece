import { expect, test } from 'vitest'
import { PythonClient } from '../support/services/pulsar/python-client.ts'
import { describePulsar } from '../support/services/pulsar/start-pulsar.ts'

describePulsar('the Pulsar of the tests', { own: true }, server => {
  test('keeps what it has acknowledged through a kill -9, on the same ports', async () => {
    const topic = await server().topic()
    const message = { value: Buffer.from('kept'), key: 'k', headers: { a: 'b' }, eventTime: 7 }
    {
      await using python = await PythonClient.start({ url: server().serviceUrl })
      await python.subscribe(topic, 'reader')
      expect(await python.produce(topic, [message])).toBe(1)
    }
    const { serviceUrl } = server()
    await server().kill()
    await server().start()
    expect(server().serviceUrl).toBe(serviceUrl)
    await using python = await PythonClient.start({ url: serviceUrl })
    await python.subscribe(topic, 'reader')
    expect(await python.receive('reader', 1)).toMatchObject([message])
  }, 120_000)
})
