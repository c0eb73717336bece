import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { FloodLimits } from '../../server/adapters/flood-limit.ts'
import { createLogger, type LogLevel } from '../../server/adapters/pino-logger.ts'
import { ManualClock } from '../support/clock.ts'

async function loggerTo(options: { level?: LogLevel; format?: 'json' | 'pretty'; floodLimits?: FloodLimits } = {}) {
  const lines: string[] = []
  const clock = new ManualClock()
  const { level = 'info', format = 'json', ...more } = options
  const logger = await createLogger({ level, format, clock, destination: { write: line => lines.push(line) }, ...more })
  return { logger, lines, clock, json: () => lines.map(line => JSON.parse(line)) }
}

test('a line is one JSON object with its level as a word, its time and its fields', async () => {
  const { logger, json } = await loggerTo()
  logger.warn({ listener: 'tcp', port: 1883 }, 'hello')
  expect(json()).toEqual([
    { level: 'warn', time: expect.stringMatching(/^\d{4}-.*Z$/), listener: 'tcp', port: 1883, msg: 'hello' },
  ])
})

test('lines under the level are not written, and the level can change', async () => {
  const { logger, lines } = await loggerTo()
  logger.debug({}, 'no')
  logger.level = 'debug'
  logger.debug({}, 'yes')
  expect(lines).toHaveLength(1)
})

test.each(['json', 'pretty'] as const)(
  'no text of a client makes a second line or moves a terminal (%s)',
  async format => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), async (id, message) => {
        const { logger, lines } = await loggerTo({ format })
        logger.error(
          { client: `${id}\u001b[2J\r\n\u202e`, error: new Error(`${id}\nforged`) },
          `${message}\n\u0085forged`,
        )
        expect(lines).toHaveLength(1)
        const colour = new RegExp(`${String.fromCharCode(27)}\\[\\d*m`, 'g')
        const bare = (lines[0] ?? '').replace(format === 'pretty' ? colour : /^$/, '').replace(/\n$/, '')
        expect(bare).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202e]/)
      }),
      { numRuns: 50 },
    )
  },
)

test('fields with a secret name, and every secret text of the configuration, are masked', async () => {
  const { logger, lines } = await loggerTo()
  logger.hide(new Set(['c4n4ry', 'abc']))
  logger.info({ password: 'hunter2', nested: { apiToken: 'hunter2', list: ['xc4n4ryx'] } }, 'abc and c4n4ry')
  logger.info({ error: new Error('c4n4ry', { cause: new Error('inner c4n4ry') }) }, 'failed')
  expect(lines.join('')).not.toMatch(/hunter2|c4n4ry/)
  expect(lines.join('')).toContain('abc and ********')
})

test('payloads, deep objects and long texts stay small', async () => {
  const { logger, lines } = await loggerTo()
  const loop: Record<string, unknown> = { payload: Buffer.alloc(1_000_000) }
  loop.self = loop
  logger.info({ loop, many: Array.from({ length: 10_000 }, (_, i) => i) }, 'x'.repeat(1_000_000))
  expect((lines[0] ?? '').length).toBeLessThan(5_000)
})

test('a flood of lines alike is written up to its limit, counted, and told at the end of the window', async () => {
  const { logger, json, clock } = await loggerTo({ floodLimits: { lines: 3, allLines: 100, windowMs: 1_000 } })
  for (let i = 0; i < 10; i++) logger.info({ client: i }, 'refused')
  logger.info({}, 'other')
  expect(json().map(line => line.msg)).toEqual(['refused', 'refused', 'refused', 'other'])
  await clock.advance(1_000)
  expect(json().at(-1)).toMatchObject({ level: 'warn', line: 'info refused', suppressed: 7 })
  logger.info({}, 'refused')
  expect(json().at(-1)).toMatchObject({ msg: 'refused' })
})

test('a flood of lines that all differ is bounded, too', async () => {
  const { logger, lines, clock } = await loggerTo({ floodLimits: { lines: 3, allLines: 100, windowMs: 1_000 } })
  for (let i = 0; i < 50_000; i++) logger.info({}, `refused ${i}`)
  expect(lines.length).toBe(100)
  await clock.advance(1_000)
  expect(lines.length).toBeLessThan(1_200)
  expect(clock.pending).toBe(0)
})

test('what a window suppressed is told when the log closes', async () => {
  const { logger, json } = await loggerTo({ floodLimits: { lines: 1, allLines: 100, windowMs: 1_000 } })
  logger.info({}, 'a')
  logger.info({}, 'a')
  logger.close()
  expect(json().at(-1)).toMatchObject({ suppressed: 1 })
})
