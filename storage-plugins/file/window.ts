import { BrokerError } from '../../kernel/plugin.ts'
import type { DiskFile } from './disk.ts'

const windowBytes = 1 << 20

/** A piece of a file in memory that moves forward as it is read. */
export class Window {
  readonly buffer = Buffer.allocUnsafeSlow(windowBytes)
  /** The file position of the buffer's first byte, and how many bytes of it are filled. */
  position = 0
  length = 0
  readonly #file: DiskFile
  readonly #size: number

  constructor(file: DiskFile, size: number) {
    this.#file = file
    this.#size = size
  }

  /** Makes `bytes` from a position on readable; returns where they begin in `buffer`. They must lie in the file. */
  async reach(position: number, bytes: number): Promise<number> {
    if (position < this.position || position + bytes > this.position + this.length) {
      const wanted = Math.min(windowBytes, this.#size - position)
      this.length = await this.#file.read(this.buffer.subarray(0, wanted), position)
      this.position = position
      if (this.length < bytes) throw new BrokerError('STORAGE_FAILED', 'a data file became shorter while it was read')
    }
    return position - this.position
  }
}
