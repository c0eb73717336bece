import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { allProofs, missing, proofsIn, report, standards, statementsOf } from './report.ts'
import { unprovable } from './unprovable.ts'

const page = path.join(import.meta.dirname, '../../../docs/reference/mqtt-conformance.md')
const proofs = allProofs()

test('the conformance page says what the tests prove (to write it: UPDATE=1)', () => {
  const current = report(proofs)
  if (process.env.UPDATE === '1') {
    mkdirSync(path.dirname(page), { recursive: true })
    writeFileSync(page, current)
  }
  expect(readFileSync(page, 'utf8')).toBe(current)
})

describe.each(standards)('MQTT %s', standard => {
  test('every statement that binds a server has a test, or a reason why none can show it', () => {
    expect(missing(standard, proofs).map(({ id, title }) => `${id} ${title}`)).toEqual([])
  })

  test('no test names a statement that does not exist', () => {
    const known = new Set(statementsOf(standard).map(({ id }) => id))
    const named = proofs.filter(proof => proof.standard === standard)
    expect(named.filter(({ id }) => !known.has(id))).toEqual([])
  })

  test('what is called unprovable exists, binds a server, and is not proven after all', () => {
    const binding = new Set(statementsOf(standard).flatMap(({ id, binds }) => (binds === 'client' ? [] : [id])))
    const proven = new Set(proofs.filter(proof => proof.standard === standard).map(({ id }) => id))
    const wrong = Object.keys(unprovable[standard]).filter(id => !binding.has(id) || proven.has(id))
    expect(wrong).toEqual([])
  })
})

test('names are found in the source, of either standard, and what is skipped or fails proves nothing', () => {
  const id = (text: string) => `[${text}]`
  const source = [
    `test('keeps it ${id('MQTT-1.1.1-1')} ${id('3.1.1 MQTT-2.2.2-2')}', () => {})`,
    `// why ${id('MQTT-9.9.9-9')}`,
    `test.fails('not yet ${id('MQTT-9.9.9-9')}', () => {})`,
    `test.${'skip'}(`,
    `  'never ${id('MQTT-9.9.9-9')}',`,
  ].join('\n')
  expect(proofsIn('a.test.ts', source)).toEqual([
    { file: 'a.test.ts', name: 'keeps it', standard: '5.0', id: 'MQTT-1.1.1-1' },
    { file: 'a.test.ts', name: 'keeps it', standard: '3.1.1', id: 'MQTT-2.2.2-2' },
  ])
})
