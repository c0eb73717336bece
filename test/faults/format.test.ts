import { cpSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import type { Storage } from '../../kernel/plugin.ts'
import { liveRecords } from '../../kernel/sessions/live-records.ts'
import { check } from '../../storage-plugins/file/check.ts'
import { compact } from '../../storage-plugins/file/compact.ts'
import { formatNumber } from '../../storage-plugins/file/frame.ts'
import { testFolder } from '../server/support/config.ts'
import { findState, leaveState } from './stored-state.ts'

/** Data directories as versions before this one left them, each named after its format. */
const fixtures = path.join(import.meta.dirname, 'fixtures')
const ours = path.join(fixtures, `format-${formatNumber}`)

test('everything that is kept is found again after a start', async () => {
  const directory = path.join(testFolder(), 'data')
  await leaveState(directory)
  await findState(directory)
})

test('compacting a data directory leaves everything that is kept', async () => {
  const directory = path.join(testFolder(), 'data')
  await leaveState(directory)
  const liveness = async (storage: Storage) => new Map([['spool', await liveRecords(storage)]])
  const { bytesBefore, bytesAfter } = await compact(directory, liveness)
  expect(bytesAfter).toBeLessThan(bytesBefore)
  expect((await check(directory)).problems).toEqual([])
  await findState(directory)
})

test('there is a data directory of the present format, which later versions must read', async () => {
  // For a new format: WRITE_FIXTURE=yes npx vitest run test/faults/format.test.ts
  if (process.env.WRITE_FIXTURE === 'yes' && !existsSync(ours)) {
    mkdirSync(fixtures, { recursive: true })
    await leaveState(ours)
    rmSync(path.join(ours, 'lock'), { force: true })
  }
  expect(existsSync(path.join(ours, 'format')), 'write it once; the comment above says how').toBe(true)
})

test.each(existsSync(fixtures) ? readdirSync(fixtures) : [])('data of %s is read', async name => {
  const directory = path.join(testFolder(), 'data')
  cpSync(path.join(fixtures, name), directory, { recursive: true })
  await findState(directory)
})
