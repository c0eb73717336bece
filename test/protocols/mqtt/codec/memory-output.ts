import type { Output } from '../../../../kernel/plugin.ts'

/** Collects what is written. Reserved room is filled with rubbish first, so that a byte left unwritten shows. */
export class MemoryOutput implements Output {
  buffer: Buffer = Buffer.alloc(0)

  reserve(bytes: number): number {
    const position = this.buffer.length
    this.buffer = Buffer.concat([this.buffer, Buffer.alloc(bytes, 0xaa)])
    return position
  }

  write(chunk: Uint8Array): void {
    this.buffer = Buffer.concat([this.buffer, chunk])
  }

  get pendingBytes(): number {
    return this.buffer.length
  }
}

export function written(write: (output: MemoryOutput) => unknown): Buffer {
  const output = new MemoryOutput()
  write(output)
  return output.buffer
}
