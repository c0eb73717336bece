import { expect, test } from 'vitest'
import { startBroker } from '../../support/broker.ts'
import { wire } from '../../support/wire.ts'
import { answersTo, lastWords, packet } from './raw.ts'

test.each([
  ['flags in the fixed header', 0x14, "'MQIsdp' 03 02 000a 'old'"],
  ['the last connect flag, which it leaves unused', 0x10, "'MQIsdp' 03 03 000a 'old'"],
  ['a user name flag and no user name', 0x10, "'MQIsdp' 03 82 000a 'old'"],
  ['a password flag and no password', 0x10, "'MQIsdp' 03 c2 000a 'old' 'user'"],
])('a client of MQTT 3.1 is let in with %s', async (_name, header, notation) => {
  await using broker = await startBroker()
  await using one = await wire(broker.port, { version: 3 })
  one.sendRaw(packet(header, notation))
  expect(await one.next('connack')).toMatchObject({ returnCode: 0 })
})

test.each([3, 4])('another protocol at level %i is closed without a word [3.1.1 MQTT-3.1.2-1]', async level => {
  await using broker = await startBroker()
  for (const name of ['MQTU', 'MQT', 'MQTTT', '']) {
    expect(await answersTo(broker, packet(0x10, `'${name}' 0${level} 02 000a 'c'`))).toEqual([])
  }
})

test('a PUBCOMP that nothing was released for ends the connection', async () => {
  await using broker = await startBroker()
  await using one = await wire(broker.port, { version: 4 })
  await one.connect()
  await one.subscribe('t', { qos: 2 })
  one.sendPublish('t', 'x', { qos: 2, messageId: 1 })
  one.sendRaw('62020001')
  const { messageId } = await one.take('publish')
  one.sendRaw(Buffer.of(0x70, 2, messageId! >> 8, messageId! & 0xff))
  expect((await one.closed()).packets.map(({ cmd }) => cmd)).not.toContain('disconnect')
})

test('one that nothing is known of is ignored, as is PUBACK; PUBREC and PUBREL are answered', async () => {
  await using broker = await startBroker()
  const words = Buffer.from('40020001' + '70020001' + '50020002' + '62020003' + 'e000', 'hex')
  expect(await lastWords(broker, words, { version: 4 })).toEqual(['62020002', '70020003'])
})
