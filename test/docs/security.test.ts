import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'

const root = path.join(import.meta.dirname, '../..')

test('every promise of SECURITY.md names a test that is there', () => {
  const page = readFileSync(path.join(root, 'SECURITY.md'), 'utf8')
  const promises = page.split('## What is promised')[1]?.split('\n## ')[0] ?? ''
  const rows = promises.split('\n').filter(line => /^\| (?!promise)/.test(line))
  expect(rows.length).toBeGreaterThan(20)
  const missing = rows.filter(row => {
    const [, file, title] = /\| `(test\/[^`]+)`: (.*) \|$/.exec(row) ?? []
    return file === undefined || title === undefined || !readFileSync(path.join(root, file), 'utf8').includes(title)
  })
  expect(missing).toEqual([])
})
