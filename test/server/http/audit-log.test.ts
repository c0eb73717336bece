import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { silentLogger as silent } from '../../../kernel/observe/silent-logger.ts'
import { AuditLog } from '../../../server/http/access/audit-log.ts'
import { testFolder } from '../support/config.ts'

const entry = { at: 1, actor: 'ann', via: 'key', address: '::1', action: 'Publish', path: '/publish', status: 200 }
const ids = ({ entries }: AuditLog) => entries.map(({ id }) => id)

test('what earlier processes wrote is listed, and numbers go on', async () => {
  const path = join(testFolder(), 'new', 'audit.log')
  const first = await AuditLog.open(path, silent)
  first.add(entry)
  first.add(entry)
  await first.flushed()
  const second = await AuditLog.open(path, silent)
  expect(second.entries).toEqual([
    { id: 1, ...entry },
    { id: 2, ...entry },
  ])
  second.add(entry)
  await second.flushed()
  expect(ids(await AuditLog.open(path, silent))).toEqual([1, 2, 3])
})

test('a line that the end of a process cut short is no entry, and spoils none', async () => {
  const path = join(testFolder(), 'audit.log')
  await writeFile(`${path}.1`, `${JSON.stringify({ id: 7, ...entry })}\n`)
  await writeFile(path, `${JSON.stringify({ id: 8, ...entry })}\n`)
  await appendFile(path, '{"id":9,"at"')
  const log = await AuditLog.open(path, silent)
  log.add(entry)
  await log.flushed()
  expect(ids(log)).toEqual([7, 8, 9])
  expect(ids(await AuditLog.open(path, silent))).toEqual([7, 8, 9])
  expect((await readFile(path, 'utf8')).split('\n')).toHaveLength(4)
})

test('no more is listed than there is room for', async () => {
  const path = join(testFolder(), 'audit.log')
  const lines = Array.from({ length: 5_100 }, (_, i) => JSON.stringify({ id: i + 1, ...entry }))
  await writeFile(path, `${lines.join('\n')}\n`)
  const log = await AuditLog.open(path, silent)
  expect([log.entries.length, ids(log)[0]]).toEqual([5_000, 101])
})

test('without a path it is listed while the process lives', async () => {
  const log = await AuditLog.open(undefined, silent)
  log.add(entry)
  await log.flushed()
  expect(ids(log)).toEqual([1])
})
