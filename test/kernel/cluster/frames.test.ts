import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { FrameReader } from '../../../kernel/cluster/frame-reader.ts'
import { FrameSplitter } from '../../../kernel/cluster/frame-splitter.ts'
import { FrameWriter } from '../../../kernel/cluster/frame-writer.ts'
import { longestName, mostNames } from '../../../kernel/cluster/names.ts'

interface Said {
  readonly kind: number
  readonly number: number
  readonly name: string
  readonly bytes: Uint8Array
}

const said: fc.Arbitrary<Said> = fc.record({
  kind: fc.integer({ min: 0, max: 255 }),
  number: fc.maxSafeNat(),
  name: fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('a', 'b/c', '', 'x'.repeat(longestName), 'ü'.repeat(longestName + 1)),
  ),
  bytes: fc.uint8Array({ maxLength: 5_000 }),
})

function written(frames: readonly Said[], writer = new FrameWriter()): Buffer {
  for (const { kind, number, name, bytes } of frames) {
    writer.begin(kind)
    writer.varint(number)
    writer.name(name)
    writer.bytes(bytes)
  }
  const { buffer, length } = writer.detach(undefined)
  return buffer.subarray(0, length)
}

function heard(chunks: readonly Buffer[]): Said[] {
  const frames: Said[] = []
  const reader = new FrameReader()
  const splitter = new FrameSplitter((buffer, start, end) => {
    reader.open(buffer, start + 1, end)
    frames.push({
      kind: buffer[start] as number,
      number: reader.varint(),
      name: reader.name(),
      bytes: new Uint8Array(reader.lent()),
    })
    expect(reader.more).toBe(false)
  })
  // A chunk is only lent: what was in it is overwritten as soon as it was heard.
  for (const chunk of chunks) {
    const lent = Buffer.from(chunk)
    splitter.push(lent)
    lent.fill(0xff)
  }
  return frames
}

/** Lone surrogates do not survive UTF-8; no text that a client sends has any. */
const wellFormed = (frames: readonly Said[]) =>
  frames.map(frame => ({ ...frame, name: Buffer.from(frame.name).toString() }))

test('frames are heard as they were begun, wherever the stream is cut', () => {
  fc.assert(
    fc.property(fc.array(said, { maxLength: 20 }), fc.array(fc.nat(4_000), { maxLength: 50 }), (frames, cuts) => {
      const stream = written(wellFormed(frames))
      const chunks: Buffer[] = []
      let at = 0
      for (const cut of cuts) {
        chunks.push(stream.subarray(at, at + cut))
        at = Math.min(stream.length, at + cut)
      }
      chunks.push(stream.subarray(at))
      expect(heard(chunks)).toEqual(wellFormed(frames))
    }),
    { numRuns: 300 },
  )
})

test('a frame that comes byte by byte is heard', () => {
  const frames = [{ kind: 7, number: 300, name: 'a/b', bytes: new Uint8Array(40).fill(1) }]
  const stream = written([...frames, ...frames])
  expect(heard([...stream].map(byte => Buffer.from([byte])))).toEqual([...frames, ...frames])
})

test('a name is written once, and both ends begin anew when they know too many', () => {
  const frame = (name: string) => ({ kind: 2, number: 0, name, bytes: new Uint8Array(0) })
  const names = Array.from({ length: 2 * mostNames + 10 }, (_, i) => `t/${i % (mostNames + 3)}`)
  const frames = names.map(frame)
  expect(heard([written(frames)])).toEqual(frames)
  const writer = new FrameWriter()
  const first = written([frame('a-rather-long-topic')], writer).length
  expect(written([frame('a-rather-long-topic')], writer).length).toBeLessThan(first - 15)
})

test('a length that no frame has is an error, and what comes after a stop is not heard', () => {
  expect(() => heard([Buffer.alloc(8)])).toThrow('a frame of 0 bytes')
  expect(() => heard([Buffer.from([0xff, 0xff, 0xff, 0xff, 1])])).toThrow('a frame of 4294967295 bytes')
  const kinds: number[] = []
  const splitter = new FrameSplitter((buffer, start) => {
    kinds.push(buffer[start] as number)
    splitter.stop()
  })
  const frame = (kind: number) => ({ kind, number: 0, name: '', bytes: new Uint8Array(0) })
  splitter.push(written([frame(1), frame(2)]))
  splitter.push(written([frame(3)]))
  expect(kinds).toEqual([1])
})
