import { describe, expect, test } from 'vitest'
import type { Storage } from '../../../kernel/plugin.ts'
import { bytes, plain, rows, text, texts } from './reading.ts'

/** What is still there when the storage is opened again. */
export function durableSuite(storage: () => Storage, reopen: () => Promise<void>): void {
  describe('after close and open again', () => {
    test('a log has every record at its offset and goes on from there', async () => {
      const records = Array.from({ length: 500 }, (_, i) => bytes(`record ${i}`))
      await (await storage().log('log')).append(records)
      await reopen()
      const log = await storage().log('log')
      expect(log.next).toBe(500)
      expect(await texts(log, 0)).toEqual(records.map(text))
      expect(await log.append([bytes('next')])).toBe(500)
      await reopen()
      expect(await texts(await storage().log('log'), 499)).toEqual(['record 499', 'next'])
    })

    test('close keeps what was appended and written before it without waiting', async () => {
      const appended = (await storage().log('log')).append([bytes('a')])
      const written = (await storage().table('table')).write([{ key: 'k', value: bytes('v') }])
      await reopen()
      expect(await Promise.all([appended, written])).toEqual([0, 1])
      expect(await texts(await storage().log('log'), 0)).toEqual(['a'])
      expect(plain(await (await storage().table('table')).get('k'))?.value).toBe('v')
    })

    test('a trimmed log does not use an offset again', async () => {
      const log = await storage().log('log')
      await log.append(['a', 'b'].map(bytes))
      await log.trim(2)
      await reopen()
      expect(await (await storage().log('log')).append([bytes('c')])).toBe(2)
    })

    test('a table has every row with its revision, and revisions go on', async () => {
      const table = await storage().table('table')
      await table.write([
        { key: 'é', value: bytes('1') },
        { key: 'gone', value: bytes('1') },
        { key: '', value: new Uint8Array(0) },
      ])
      await table.write([{ key: 'gone', value: undefined }])
      await table.write([{ key: 'a', value: bytes('3') }])
      const before = await rows(table)
      await reopen()
      const again = await storage().table('table')
      expect(await rows(again)).toEqual(before)
      expect(await again.write([{ key: 'a', value: bytes('4') }], [{ key: 'a', revision: 3 }])).toBe(4)
    })
  })
}
