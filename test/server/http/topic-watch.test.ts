import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Message } from '../../../kernel/plugin.ts'
import { payloadOf, previewBytes } from '../../../server/http/resources/message-view.ts'
import { TopicWatch } from '../../../server/http/stream/topic-watch.ts'
import { Api } from './api.ts'

test('of each topic the last message is shown as it was, however long those before it were', async () => {
  const api = await Api.start()
  const space = api.server.kernel.space('default', 'test')
  const watch = await TopicWatch.open(space, ['site/#'])
  // What is lent is written over once the message is out.
  const lent = Buffer.alloc(previewBytes + 10)
  const publish = async (topic: string, text: string) => {
    const payload = lent.subarray(0, lent.write(text))
    await space.publish(new Message({ topic, payload, publishedAt: 0 }))
    lent.fill('x')
  }
  const shown = () => watch.frame().topics.map(({ topic, payload, messages }) => [topic, payload, messages])
  for (const text of ['medium', 'the longest of them', 'short']) await publish('site/a', text)
  await publish('site/b', 'b'.repeat(previewBytes + 1))
  expect(shown()).toEqual([
    ['site/a', 'short', 3],
    ['site/b', 'b'.repeat(previewBytes), 1],
  ])
  await publish('site/a', '')
  expect(shown()).toEqual([['site/a', '', 1]])
  await watch.close()
})

test('a payload is text where it is UTF-8 without control characters, also cut within a character', () => {
  const text = fc.string({ unit: fc.constantFrom('a', ' ', '\n', 'é', '中', '😀'), maxLength: 40 })
  fc.assert(
    fc.property(text, given => {
      expect(payloadOf(Buffer.from(given))).toEqual({ payload: given, encoding: 'text' })
      const long = Buffer.from(`${'a'.repeat(previewBytes - 20)}${given.padEnd(40, '中')}`).subarray(0, previewBytes)
      const { payload, encoding } = payloadOf(long)
      expect([encoding, long.toString().startsWith(payload), long.length - Buffer.byteLength(payload) < 4]).toEqual([
        'text',
        true,
        true,
      ])
    }),
  )
})

test('bytes that are no text are shown as base64', () => {
  for (const bytes of [[0xff], [0xc3], [1, 2, 3], [0x61, 0], [0xed, 0xa0, 0x80]])
    expect(payloadOf(Uint8Array.from(bytes))).toEqual({
      payload: Buffer.from(bytes).toString('base64'),
      encoding: 'base64',
    })
})
