import type { Disk, DiskFile } from './disk.ts'

const pieceBytes = 1 << 20

/** Copies the first bytes of a file, or all of it, durably but for its name. Returns how many there were. */
export async function copyFile(
  disk: Disk,
  from: string,
  to: string,
  bytes: number = Number.POSITIVE_INFINITY,
): Promise<number> {
  const source = await disk.open(from, 'read')
  try {
    const target = await disk.open(to, 'create')
    try {
      const end = Math.min(bytes, await source.size())
      const copied = await copyRange(source, target, { position: 0, end }, 0)
      await target.sync()
      return copied
    } finally {
      await target.close()
    }
  } finally {
    await source.close()
  }
}

/** Copies a range to a position of another file; returns the position after it. */
export async function copyRange(
  source: DiskFile,
  target: DiskFile,
  { position, end }: { position: number; end: number },
  to: number,
): Promise<number> {
  const buffer = Buffer.allocUnsafeSlow(Math.min(pieceBytes, Math.max(1, end - position)))
  let at = position
  while (at < end) {
    const read = await source.read(buffer.subarray(0, Math.min(buffer.byteLength, end - at)), at)
    if (read === 0) break
    await target.write(buffer.subarray(0, read), to + at - position)
    at += read
  }
  return to + at - position
}
