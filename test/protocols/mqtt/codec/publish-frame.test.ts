import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodePublish } from '../../../../protocols/mqtt/codec/publish.ts'
import { PublishFrame } from '../../../../protocols/mqtt/codec/publish-frame.ts'
import * as any from './arbitraries.ts'
import { MemoryOutput, written } from './memory-output.ts'

const payload = fc.oneof(
  any.bytes,
  fc.constantFrom(16_383, 16_384, 100_000).map(size => Buffer.alloc(size, 0x61)),
)

test('a frame written for any receiver equals the packet encoded for it alone [MQTT-3.3.1-3] [MQTT-3.3.4-3]', () => {
  fc.assert(
    fc.property(
      fc.record({
        level: any.level,
        qos: any.qos,
        retain: fc.boolean(),
        topic: any.topicName,
        payload,
        properties: any.deliveryProperties(any.userProperties),
      }),
      fc.array(fc.tuple(any.packetId, fc.boolean()), { minLength: 1, maxLength: 4 }),
      ({ level, ...packet }, receivers) => {
        const frame = new PublishFrame(packet, level)
        const shared = new MemoryOutput()
        const alone = new MemoryOutput()
        for (const [packetId, again] of receivers) {
          const dup = again && packet.qos > 0
          frame.write(shared, packetId, dup)
          encodePublish(alone, { ...packet, packetId, dup }, level)
        }
        expect(shared.buffer.equals(alone.buffer)).toBe(true)
        expect(frame.byteLength * receivers.length).toBe(alone.buffer.length)
      },
    ),
  )
})

test('a frame outlives the buffer of its payload', () => {
  const lent = Buffer.from('payload')
  const frame = new PublishFrame({ qos: 0, retain: false, topic: 't', payload: lent }, 4)
  lent.fill(0)
  expect(written(output => frame.write(output, 0, false)).toString('latin1')).toContain('payload')
})

test('the payload of a large frame is passed on by reference, not copied for each receiver', () => {
  const frame = new PublishFrame({ qos: 1, retain: false, topic: 't', payload: Buffer.alloc(1_000_000) }, 4)
  const chunks: ArrayBufferLike[] = []
  class Spy extends MemoryOutput {
    override write(chunk: Uint8Array): void {
      chunks.push(chunk.buffer)
    }
  }
  const output = new Spy()
  frame.write(output, 1, false)
  frame.write(output, 2, false)
  expect(output.pendingBytes).toBeLessThan(100)
  expect(new Set(chunks).size).toBe(1)
})
