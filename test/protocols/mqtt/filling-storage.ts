import { BrokerError, type Storage, type StorageHost, type StoragePlugin } from '../../../kernel/plugin.ts'
import { memory } from '../../../storage-plugins/memory/index.ts'

/** Storage in memory that counts as durable, on a disk that can be full. */
export function filling(disk: { full: boolean }): StoragePlugin {
  const checked = <Of extends object, Name extends keyof Of & string>(of: Of, name: Name): Of =>
    new Proxy(of, {
      get: (target, key) => {
        const value = Reflect.get(target, key) as unknown
        if (typeof value !== 'function') return value
        return (...args: unknown[]) =>
          key === name && disk.full
            ? Promise.reject(new BrokerError('STORAGE_FULL', 'the disk is full'))
            : (value as (...args: unknown[]) => unknown).apply(target, args)
      },
    })
  const open = async (host: StorageHost): Promise<Storage> => {
    const storage = await memory.open(host, {})
    return {
      durable: true,
      log: async name => checked(await storage.log(name), 'append'),
      table: async name => checked(await storage.table(name), 'write'),
      usage: () => storage.usage(),
      inspect: () => ({}),
      close: () => storage.close(),
    }
  }
  return { ...memory, open }
}
