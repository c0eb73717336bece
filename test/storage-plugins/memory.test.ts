import type { StorageHost } from '../../kernel/plugin.ts'
import { memory } from '../../storage-plugins/memory/index.ts'
import { storageSuite } from '../conformance/storage.ts'
import { quietHost } from '../support/storage-host.ts'

storageSuite('memory', {
  durable: false,
  medium: async () => ({
    open: () => memory.open(quietHost() satisfies StorageHost, {}),
    remove: async () => {},
  }),
})
