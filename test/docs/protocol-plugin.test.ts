import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { line } from '../../examples/line-protocol/index.ts'
import { createKernel } from '../../kernel/index.ts'
import { type Consumer, type Delivery, Message, type Session } from '../../kernel/plugin.ts'
import { LineClient } from '../examples/support/line-client.ts'

const root = path.join(import.meta.dirname, '../..')
const guide = readFileSync(path.join(root, 'docs/guides/protocol-plugin.md'), 'utf8')
const fences = [...guide.matchAll(/^```(\w+) ?(\S*)\n([\s\S]*?)^```$/gm)].map(([, language, file, text]) => {
  return { language, file: file ?? '', text: text ?? '' }
})

/** Lines without their indentation and without empty ones: a snippet may stand elsewhere than its source. */
function linesOf(text: string): string {
  const lines = text.split('\n').map(one => one.trim())
  return lines.filter(one => one !== '').join('\n')
}

test('every snippet of the guide names the file it is taken from, and stands there word for word', () => {
  const snippets = fences.filter(({ language }) => language === 'ts')
  expect(snippets.length).toBeGreaterThan(5)
  for (const { file, text } of snippets) {
    expect(linesOf(readFileSync(path.join(root, file), 'utf8'))).toContain(linesOf(text))
  }
})

test('every file that the guide names is there', () => {
  const named = [...guide.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(([, file]) => file ?? '')
  expect(named.length).toBeGreaterThan(3)
  for (const file of named) expect(() => readFileSync(path.join(root, 'docs/guides', file))).not.toThrow()
})

test('the conversation in the guide is what the example says', async () => {
  await using broker = await startLine()
  await using client = await LineClient.open(broker.port)
  const conversation = fences.find(({ language }) => language === 'text')?.text ?? ''
  const said = conversation.trim().split('\n')
  expect(said.length).toBeGreaterThan(5)
  for (const text of said) {
    if (text.startsWith('> ')) client.send(text.slice(2))
    else expect(`< ${await client.next()}`).toBe(text)
  }
})

test('a receiver that settles gets as much at once as its credit', async () => {
  await using broker = await startLine()
  const space = broker.kernel.space()
  const session = await space.session('guide', { clean: true, expiresAfterMs: 60_000, taken: () => {} })
  const sent: Delivery[] = []
  const { consumer, acknowledged } = consumeWithCredit(session, sent)
  await session.bind([{ filter: 'work/#', options: { guarantee: 1 } }], () => {})
  for (let i = 0; i < 12; i++) {
    await space.publish(new Message({ topic: 'work/1', payload: Buffer.from(`${i}`), guarantee: 1 }))
  }
  expect(sent).toHaveLength(10)
  acknowledged()
  expect(sent).toHaveLength(10)
  expect(consumer.unsettled).toBe(10)
})

/** The guide's example of credit. */
function consumeWithCredit(session: Session, sent: Delivery[]): { consumer: Consumer; acknowledged: () => void } {
  const consumer = session.consume(
    {
      deliver(_message, _via, delivery) {
        if (delivery) sent.push(delivery)
      },
    },
    10,
  )
  const acknowledged = () => {
    const delivery = sent.shift()
    if (delivery) consumer.settle(delivery, 'accept')
  }
  return { consumer, acknowledged }
}

async function startLine() {
  const at = { name: 'line', protocol: 'line', transport: 'tcp', host: '127.0.0.1', port: 0 } as const
  const kernel = await createKernel({ protocols: [{ plugin: line }], listeners: [at] })
  const [listener] = kernel.listeners
  return { kernel, port: listener!.port, [Symbol.asyncDispose]: () => kernel.close() }
}
