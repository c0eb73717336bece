import type { ProtocolLevel } from '../codec/index.ts'

/** The protocol level a CONNECT names, as far as an answer depends on it: 5 also for levels that do not exist. */
export function announcedLevel(buffer: Buffer, start: number, end: number): ProtocolLevel | 0 {
  const nameBytes = end - start >= 2 ? buffer.readUInt16BE(start) : 0
  const levelAt = start + 2 + nameBytes
  if (levelAt >= end) return 0
  const level = (buffer[levelAt] as number) & 0x7f
  if (level !== 3 && level !== 4) return 5
  const name = buffer.toString('latin1', start + 2, levelAt)
  return name === 'MQTT' || name === 'MQIsdp' ? level : 0
}
