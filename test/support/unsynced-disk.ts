import type { Disk, DiskFile } from '../../storage-plugins/file/disk.ts'

/** A disk that says it has synced and has not: with it, a check of durability must fail. */
export function unsynced(disk: Disk): Disk {
  return without(disk, 'syncDirectory', {
    open: async (...place: Parameters<Disk['open']>) => without<DiskFile>(await disk.open(...place), 'sync'),
  })
}

function without<T extends object>(whole: T, name: keyof T, others: Partial<T> = {}): T {
  return new Proxy(whole, {
    get(target, asked) {
      if (asked === name) return async () => {}
      const found = Reflect.get(Object.hasOwn(others, asked) ? others : target, asked) as unknown
      return typeof found === 'function' ? found.bind(target) : found
    },
  })
}
