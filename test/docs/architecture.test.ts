import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { recordKind } from '../../kernel/spool/record.ts'

const root = path.join(import.meta.dirname, '../..')
const architecture = readFileSync(path.join(root, 'ARCHITECTURE.md'), 'utf8')

test('every file and folder that ARCHITECTURE.md names is there', () => {
  const named = [...architecture.matchAll(/`([\w./-]+(?:\.ts|\/))`/g)].map(([, file]) => file ?? '')
  const links = [...architecture.matchAll(/\]\(([^)]+)\)/g)].map(([, file]) => file ?? '')
  expect(named.length).toBeGreaterThan(40)
  // A short name stands for a file of a folder that its sentence has named before.
  const folders = [
    '',
    'kernel',
    'protocols/mqtt',
    'kernel/net',
    'kernel/contract',
    'kernel/queues',
    'kernel/spool',
    'kernel/workers',
  ]
  const more = [
    'storage-plugins/file',
    'protocols/mqtt/codec',
    'protocols/mqtt/connection',
    'server',
    'test',
    'test/conformance',
  ]
  const known = (file: string) => [...folders, ...more].some(folder => existsSync(path.join(root, folder, file)))
  expect([...named, ...links].filter(file => !known(file))).toEqual([])
})

test('it names every kind of record of the spool, and every decision has a page that says so in its title', () => {
  for (const [name, kind] of Object.entries(recordKind)) expect(architecture).toContain(`| ${kind} | ${name} |`)
  const decisions = readdirSync(path.join(root, 'docs/decisions'))
  expect(decisions.length).toBeGreaterThan(5)
  for (const file of decisions) {
    expect(readFileSync(path.join(root, 'docs/decisions', file), 'utf8')).toMatch(/^# [A-Z].{20,120}\n\n/)
  }
})
