import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { backup } from '../../../storage-plugins/file/backup.ts'
import { Problem } from '../problem.ts'
import { type Route, route } from '../route.ts'

/** Copies of the data, made while the broker runs. */
export const backupRoutes: readonly Route[] = [
  route({
    method: 'POST',
    path: '/backup',
    group: 'backup',
    summary: 'Copy all durable data, as it is at one moment',
    needs: 'admin',
    status: 201,
    answer: z.strictObject({
      directory: z.string().describe('On the machine of the server, below its data directory.'),
      files: z.int(),
      bytes: z.int(),
      damages: z.int().describe('Found when all of it was read back.'),
    }),
    handle: async ({ house }) => {
      const { storage, data } = house.server.started.config
      const { type, directory }: { type: string; directory?: unknown } = storage
      if (type !== 'file' || typeof directory !== 'string')
        throw new Problem('conflict', `storage "${type}" keeps no files that could be copied`)
      const name = new Date(house.clock.now()).toISOString().replace(/[:.]/g, '-')
      const folder = join(data, 'backups')
      await mkdir(folder, { recursive: true, mode: 0o700 })
      const target = join(folder, name)
      const { files, bytes, check } = await backup(directory, target)
      const damages = check.problems.filter(({ severity }) => severity === 'damage').length
      return { directory: target, files, bytes, damages }
    },
  }),
]
