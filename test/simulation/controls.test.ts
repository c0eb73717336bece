import { expect, test } from 'vitest'
import type { Log, StoragePlugin } from '../../kernel/plugin.ts'
import type { FileOptions } from '../../storage-plugins/file/index.ts'
import { unsynced } from '../support/unsynced-disk.ts'
import { type StoryOptions, tell } from './story.ts'

test('the same seed is the same life, to the last byte', async () => {
  for (const seed of [3, 14, 159, 2_653]) {
    const [one, other] = [await tell(seed), await tell(seed)]
    expect(other).toEqual(one)
    expect((await tell(seed + 1)).digest).not.toBe(one.digest)
  }
}, 60_000)

test('a disk that is never synced is found out', async () => {
  expect(await found({ seen: unsynced })).toContain('lost')
}, 60_000)

test('a log that acknowledges before its commit is found out', async () => {
  expect(await found({ storage: hasty })).toContain('lost')
}, 60_000)

/** What the first seeds say that find something. */
async function found(options: StoryOptions): Promise<string> {
  const broken: string[] = []
  for (let seed = 1; seed <= 30; seed++) {
    broken.push(...(await tell(seed, options)).broken)
    if (broken.some(one => one.includes('lost'))) break
  }
  return broken.join('\n')
}

/** Says that records are durable as soon as it has them. */
function hasty(plugin: StoragePlugin<FileOptions>): StoragePlugin<FileOptions> {
  return {
    ...plugin,
    open: async (host, options) => {
      const storage = await plugin.open(host, options)
      return new Proxy(storage, {
        get(target, name) {
          if (name === 'log') return async (of: string) => hastyLog(await target.log(of))
          const found = Reflect.get(target, name) as unknown
          return typeof found === 'function' ? found.bind(target) : found
        },
      })
    },
  }
}

function hastyLog(log: Log): Log {
  return new Proxy(log, {
    get(target, name) {
      if (name === 'append') {
        return async (records: readonly Uint8Array[]) => {
          target.append(records).catch(() => {})
          return target.next
        }
      }
      const found = Reflect.get(target, name) as unknown
      return typeof found === 'function' ? found.bind(target) : found
    },
  })
}
