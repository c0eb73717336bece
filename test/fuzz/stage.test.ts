import { afterEach, expect, test, vi } from 'vitest'
import { Bindings } from '../../kernel/sessions/bindings.ts'
import { Sessions } from '../../kernel/sessions/sessions.ts'
import { byte, frame, text, u16 } from '../support/bytes.ts'
import { maxSteps, nameOf, parse, print, type Script } from './script.ts'
import { Stage } from './stage.ts'

afterEach(() => vi.restoreAllMocks())

/** Somebody comes, subscribes, and is cut off. */
const script: Script = {
  level: 4,
  carrier: 'tcp',
  storage: 'memory',
  answers: true,
  steps: [
    { act: 'send', client: 0, bytes: frame(0x10, text('MQTT'), byte(4, 0), u16(0), text('fuzz-0')) },
    { act: 'send', client: 0, bytes: frame(0x82, u16(1), text('fuzz/#'), byte(1)) },
    { act: 'beat' },
    { act: 'cut', client: 0 },
  ],
}

test('a broker that keeps nothing of its clients passes', async () => {
  await using stage = await Stage.open('memory')
  expect(await stage.play(script)).toContain('20-0000')
})

test('a binding that stays is found', async () => {
  await using stage = await Stage.open('memory')
  vi.spyOn(Bindings.prototype, 'end').mockImplementation(() => {})
  await expect(stage.play(script)).rejects.toThrow()
})

test('a session that stays is found', async () => {
  await using stage = await Stage.open('memory')
  vi.spyOn(Sessions.prototype, 'destroy').mockResolvedValue()
  await expect(stage.play(script)).rejects.toThrow()
})

test('a mistake of its own that the broker logs is found', async () => {
  await using stage = await Stage.open('memory')
  vi.spyOn(Sessions.prototype, 'destroy').mockRejectedValueOnce(new Error('planted'))
  await expect(stage.play(script)).rejects.toThrow('planted')
})

test('a script is the same after it was written and read', () => {
  const all: Script = {
    ...script,
    level: 5,
    carrier: 'frames',
    storage: 'file',
    answers: false,
    steps: [...script.steps, { act: 'open', client: 1 }, { act: 'end', client: 1 }, { act: 'pass', ms: 7 }],
  }
  for (const one of [script, all]) expect(parse(print(one))).toEqual(one)
  expect(nameOf(all)).not.toBe(nameOf(script))
  expect(all.steps.length).toBeLessThan(maxSteps)
  expect(() => parse('9 tcp memory silent\n')).toThrow('head')
})
