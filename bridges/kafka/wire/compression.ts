import * as zlib from 'node:zlib'
import { constants, gunzip, gzip } from 'node:zlib'
import { compressBlocks, decompressBlocks } from './driver.ts'
import { CorruptCompression, decompressSnappy } from './snappy.ts'

export const compressions = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const
export type Compression = (typeof compressions)[number]

/** A batch that says it is larger when decompressed is refused. */
export const maxDecompressedBytes = 268_435_456

type Squeeze = (bytes: Uint8Array, options: object, done: (error: Error | null, result: Buffer) => void) => void
/** Node has it from 22.15 on. */
const { zstdCompress, zstdDecompress } = zlib as { zstdCompress?: Squeeze; zstdDecompress?: Squeeze }

export const hasZstd = zstdCompress !== undefined
export const needsForZstd = `Node 22.15 or later, and this is ${process.versions.node}`

/** gzip and zstd work beside the event loop; lz4 and snappy are quick enough to stay on it. */
export async function compress(bytes: Buffer, compression: Compression): Promise<Buffer> {
  switch (compression) {
    case 'none':
      return bytes
    case 'gzip':
      return squeeze(gzip as Squeeze, bytes, { level: constants.Z_BEST_SPEED })
    case 'zstd':
      return squeeze(zstdCompress, bytes, {})
    default:
      return compressBlocks(compression, bytes)
  }
}

/** @throws CorruptCompression, also for a compression that this Node does not have. */
export async function decompress(bytes: Buffer, code: number): Promise<Buffer> {
  const compression = compressions[code]
  const options = { maxOutputLength: maxDecompressedBytes }
  try {
    switch (compression) {
      case 'none':
        return bytes
      case 'gzip':
        return await squeeze(gunzip as Squeeze, bytes, options)
      case 'zstd':
        return await squeeze(zstdDecompress, bytes, options)
      case 'snappy':
        return decompressSnappy(bytes, maxDecompressedBytes)
      case 'lz4':
        return decompressBlocks('lz4', bytes)
      default:
        throw new CorruptCompression(`compression ${code} is unknown`)
    }
  } catch (error) {
    if (error instanceof CorruptCompression) throw error
    throw new CorruptCompression(`${compression}: ${error instanceof Error ? error.message : error}`)
  }
}

function squeeze(how: Squeeze | undefined, bytes: Uint8Array, options: object): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    if (how === undefined) reject(new CorruptCompression(`Node ${process.version} has no zstd: 22.15 has`))
    else how(bytes, options, (error, result) => (error === null ? resolve(result) : reject(error)))
  })
}
