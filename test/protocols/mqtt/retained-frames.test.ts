import { expect, test } from 'vitest'
import { startBroker } from '../../support/broker.ts'
import { client, message, publishCode } from './client.ts'

test('a retained message that many were sent keeps nothing of how it was sent', async () => {
  await using broker = await startBroker()
  await using publisher = await client(broker)
  await publishCode(publisher, 'state', 'on', { retain: true })
  for (let i = 0; i < 3; i++) {
    await using reader = await client(broker)
    await reader.subscribe('state')
    expect(await message(reader)).toEqual(['state', 'on'])
  }
  const kept = [...broker.kernel.operations.retained('default', 'state')]
  expect(kept.map(({ frame }) => frame)).toEqual([undefined])
})
