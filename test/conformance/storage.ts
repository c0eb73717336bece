import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Storage } from '../../kernel/plugin.ts'
import { isBrokerError } from '../../kernel/plugin.ts'
import { durableSuite } from './storage/durable.ts'
import { logSuite } from './storage/log.ts'
import { bytes } from './storage/reading.ts'
import { tableSuite } from './storage/table.ts'

/** One medium that a storage plugin is opened on, as often as a test likes. */
export interface StorageMedium {
  /** Opens the storage on what earlier openings left; the one before is closed by then. */
  open(): Promise<Storage>
  /** Throws the medium away. */
  remove(): Promise<void>
}

/**
 * What every storage plugin promises. Call it once from a test file; `medium` makes a fresh, empty medium. What only
 * durable storage can promise is tested when `durable` says so.
 */
export function storageSuite(name: string, options: { durable: boolean; medium: () => Promise<StorageMedium> }): void {
  describe(`${name} keeps the contract of storage`, () => {
    let medium: StorageMedium
    let storage: Storage

    beforeEach(async () => {
      medium = await options.medium()
      storage = await medium.open()
    })

    afterEach(async () => {
      await storage.close()
      await medium.remove()
    })

    test('says whether it is durable', () => {
      expect(storage.durable).toBe(options.durable)
    })

    test('opening a name twice gives the same object, also while it is being opened', async () => {
      const [a, b] = await Promise.all([storage.log('a'), storage.log('a')])
      expect(a).toBe(b)
      expect(await storage.log('a')).toBe(a)
      expect(await storage.table('a')).toBe(await storage.table('a'))
    })

    test('names do not share anything, nor do a log and a table of one name', async () => {
      const a = await storage.log('a')
      const b = await storage.log('b')
      await a.append([bytes('one')])
      await (await storage.table('a')).write([{ key: 'k', value: bytes('row') }])
      expect([a.next, b.next]).toEqual([1, 0])
      expect(await (await storage.table('b')).get('k')).toBeUndefined()
    })

    test('usage counts what is kept', async () => {
      const before = (await storage.usage()).usedBytes
      await (await storage.log('a')).append([new Uint8Array(10_000)])
      expect((await storage.usage()).usedBytes).toBeGreaterThanOrEqual(before + 10_000)
    })

    test('what comes after close is refused', async () => {
      const log = await storage.log('a')
      const table = await storage.table('t')
      await storage.close()
      await expect(log.append([bytes('late')])).rejects.toSatisfy(error => isBrokerError(error, 'CLOSED'))
      await expect(table.write([])).rejects.toSatisfy(error => isBrokerError(error, 'CLOSED'))
      storage = await medium.open()
    })

    logSuite(() => storage)
    tableSuite(() => storage)
    if (options.durable) {
      durableSuite(
        () => storage,
        async () => {
          await storage.close()
          storage = await medium.open()
        },
      )
    }
  })
}
