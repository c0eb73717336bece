import zlib from 'node:zlib'
import { packLz4, unpackLz4 } from './lz4.ts'
import { PulsarError } from './pulsar-error.ts'
import { unpackSnappy } from './snappy.ts'

/** In the order of their numbers on the wire. */
const names = ['none', 'lz4', 'zlib', 'zstd', 'snappy'] as const
export type Compression = (typeof names)[number]

/** Node has it from 22.15; nothing else is asked for it. */
type Zstd = (bytes: Buffer, options?: { readonly maxOutputLength?: number }) => Buffer
const { zstdCompressSync, zstdDecompressSync } = zlib as { zstdCompressSync?: Zstd; zstdDecompressSync?: Zstd }

/** Compressions that this Node cannot have, each with what it would need. */
export const missingCompressions: Readonly<Record<string, string>> =
  zstdCompressSync === undefined ? { zstd: `Node 22.15 or later, and this is ${process.versions.node}` } : {}

/** Why this Node cannot write it, or undefined when it can. */
export function compressionRefusal(name: Compression): string | undefined {
  if (name === 'snappy') return 'snappy is read, not written. Mend: use lz4, which is as fast'
  if (name === 'zstd' && zstdCompressSync === undefined) {
    return `Node ${process.versions.node} has no zstd. Mend: use lz4 or zlib, or run Node 22.15 or later`
  }
  return undefined
}

export function compressionNumber(name: Compression): number {
  return names.indexOf(name)
}

export function compress(name: Compression, bytes: Buffer): Buffer {
  if (name === 'lz4') return packLz4(bytes)
  if (name === 'zlib') return zlib.deflateSync(bytes)
  if (name === 'zstd' && zstdCompressSync !== undefined) return zstdCompressSync(bytes)
  if (name === 'none') return bytes
  throw new PulsarError('UNSUPPORTED', compressionRefusal(name) ?? `no compression "${name}"`)
}

/**
 * Exactly `size` bytes out of `bytes`; never more memory than that.
 * @throws PulsarError UNREADABLE, and UNSUPPORTED where another Node could
 */
export function decompress(number: number, bytes: Buffer, size: number): Buffer {
  const name = names[number]
  if (name === 'none') return bytes
  if (name === 'lz4') return unpackLz4(bytes, size)
  if (name === 'snappy') return unpackSnappy(bytes, size)
  if (name === 'zlib') return inflated(name, bytes, size, zlib.inflateSync)
  if (name === 'zstd' && zstdDecompressSync !== undefined) return inflated(name, bytes, size, zstdDecompressSync)
  if (name === 'zstd') {
    throw new PulsarError(
      'UNSUPPORTED',
      `a message compressed with zstd, which Node ${process.versions.node} has not. Mend: run Node 22.15 or later`,
    )
  }
  throw new PulsarError('UNREADABLE', `a message of compression ${number}, which is none that is known`)
}

function inflated(name: Compression, bytes: Buffer, size: number, inflate: Zstd): Buffer {
  let out: Buffer
  try {
    out = inflate(bytes, { maxOutputLength: Math.max(size, 1) })
  } catch (cause) {
    throw new PulsarError('UNREADABLE', `a message that is not of its compression, ${name}`, { cause })
  }
  if (out.length !== size)
    throw new PulsarError('UNREADABLE', `${out.length} bytes of ${name} where ${size} are stated`)
  return out
}
