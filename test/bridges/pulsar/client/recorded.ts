import { readFileSync } from 'node:fs'
import { FrameReader } from '../../../../bridges/pulsar/client/frame.ts'
import type { Command } from '../../../../bridges/pulsar/client/grammar.ts'
import { decodeCommand } from '../../../../bridges/pulsar/client/protobuf.ts'

const frames: Readonly<Record<string, string>> = JSON.parse(
  readFileSync(new URL('./fixtures/frames.json', import.meta.url), 'utf8'),
)

export const recordedNames = Object.keys(frames)

/** A frame that a real broker sent, as it came. */
export function recorded(name: string): Buffer {
  return Buffer.from(frames[name]!, 'base64')
}

/** Its command, and where the entry behind it lies. */
export function opened(frame: Buffer): { command: Command | undefined; buffer: Buffer; start: number; end: number } {
  let found: ReturnType<typeof opened> | undefined
  new FrameReader(2 ** 24, (buffer, start, end) => {
    const commandEnd = start + 4 + buffer.readUInt32BE(start)
    found = { command: decodeCommand(buffer, start + 4, commandEnd), buffer, start: commandEnd, end }
  }).push(frame)
  return found!
}
