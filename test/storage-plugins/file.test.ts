import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { file } from '../../storage-plugins/file/index.ts'
import { storageSuite } from '../conformance/storage.ts'
import { quietHost } from '../support/storage-host.ts'

storageSuite('file', {
  durable: true,
  medium: async () => {
    const directory = await mkdtemp(join(tmpdir(), 'storage-'))
    return {
      open: () => file.open(quietHost(), { directory }),
      remove: () => rm(directory, { recursive: true }),
    }
  },
})

// Segments, batches and snapshots so small that a few records meet the end of each.
storageSuite('file in small segments', {
  durable: true,
  medium: async () => {
    const directory = await mkdtemp(join(tmpdir(), 'storage-'))
    return {
      open: () => file.open(quietHost(), { directory, segment: 4_096, batch: 4_096, snapshot: 16_384 }),
      remove: () => rm(directory, { recursive: true }),
    }
  },
})
