import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { unprovable } from './unprovable.ts'

export const standards = ['5.0', '3.1.1'] as const
export type Standard = (typeof standards)[number]

export interface Statement {
  readonly id: string
  readonly binds: 'server' | 'client' | 'both'
  readonly title: string
}

/** A test's name as it stands in the source, with what it says it proves. */
export interface Proof {
  readonly file: string
  readonly name: string
  readonly standard: Standard
  readonly id: string
}

const here = import.meta.dirname

export function statementsOf(standard: Standard): Statement[] {
  const lines = readFileSync(path.join(here, `statements-${standard}.txt`), 'utf8').split('\n')
  return lines.filter(Boolean).map(line => {
    const [id = '', binds = '', title = ''] = line.split('\t')
    return { id, binds: binds as Statement['binds'], title }
  })
}

/** Every test of this folder that names a statement; tests that are skipped or expected to fail prove nothing. */
export function allProofs(): Proof[] {
  const files = readdirSync(here).filter(name => name.endsWith('.test.ts') && name !== 'report.test.ts')
  return files.sort().flatMap(file => proofsIn(file, readFileSync(path.join(here, file), 'utf8')))
}

export function proofsIn(file: string, source: string): Proof[] {
  return source.split('\n').flatMap((line, at, lines) => {
    if (/^\s*(\/\/|\*|\/\*)/.test(line)) return []
    const before = `${lines[at - 1] ?? ''}\n${line}`
    if (/\.(fails|skip|todo)\b/.test(before)) return []
    const names = line.match(/'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`/g) ?? []
    return names.flatMap(quoted => proofsOf(file, quoted.slice(1, -1)))
  })
}

function proofsOf(file: string, text: string): Proof[] {
  const ids = [...text.matchAll(/\[(3\.1\.1 )?(MQTT-[^\]]+)\]/g)]
  const name = text
    .replace(/ ?\[(?:3\.1\.1 )?MQTT-[^\]]+\]/g, '')
    .replace(/\\(.)/g, '$1')
    .replace(/%[.\d]*[a-z]/g, '…')
    .trim()
  return ids.map(([, old, id = '']) => ({ file, name, standard: old ? '3.1.1' : '5.0', id }))
}

/** Statements a server must keep that are neither proven nor known to be unprovable. */
export function missing(standard: Standard, proofs: readonly Proof[]): Statement[] {
  const proven = new Set(proofs.filter(proof => proof.standard === standard).map(({ id }) => id))
  return statementsOf(standard).filter(
    ({ id, binds }) => binds !== 'client' && !proven.has(id) && unprovable[standard][id] === undefined,
  )
}

/** The page of the reference, from the tests' names alone. */
export function report(proofs: readonly Proof[]): string {
  const out = [
    '# MQTT conformance',
    '',
    'Every numbered statement of MQTT 5.0 and 3.1.1 that binds a server, and the tests that prove it on the wire.',
    'This page is written from the names of the tests in `test/conformance/mqtt` by its `report.test.ts`, which also fails',
    'when the page is not current or a statement has no test.',
    '',
    '| standard | statements | proven | no test can show | without a test |',
    '|---|---|---|---|---|',
    ...standards.map(standard => summary(standard, proofs)),
  ]
  for (const standard of standards) out.push('', `## MQTT ${standard}`, '', ...table(standard, proofs))
  out.push('', '## What no test can show', '', '| standard | statement | reason |', '|---|---|---|')
  for (const standard of standards) {
    for (const [id, why] of Object.entries(unprovable[standard])) out.push(`| ${standard} | ${id} | ${cell(why)} |`)
  }
  return `${out.join('\n')}\n`
}

function summary(standard: Standard, proofs: readonly Proof[]): string {
  const all = statementsOf(standard).filter(({ binds }) => binds !== 'client').length
  const beyond = Object.keys(unprovable[standard]).length
  const without = missing(standard, proofs).length
  return `| ${standard} | ${all} | ${all - beyond - without} | ${beyond} | ${without} |`
}

function table(standard: Standard, proofs: readonly Proof[]): string[] {
  const rows = ['| statement | what it says | tests |', '|---|---|---|']
  for (const { id, binds, title } of statementsOf(standard)) {
    if (binds === 'client' || unprovable[standard][id] !== undefined) continue
    const by = proofs.filter(proof => proof.standard === standard && proof.id === id)
    const tests = by.map(({ file, name }) => `\`${file.replace('.test.ts', '')}\`: ${cell(name)}`)
    rows.push(`| ${id} | ${cell(title)} | ${tests.length > 0 ? [...new Set(tests)].join('<br>') : '**none**'} |`)
  }
  return rows
}

function cell(text: string): string {
  return text.replace(/[|<>*_`\\]/g, character => `\\${character}`)
}
