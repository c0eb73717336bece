import { malformed } from './packet-error.ts'

/** @throws PacketError 0x81 for an empty name or one with a wildcard. [MQTT-4.7.0-1] [MQTT-4.7.3-1] */
export function checkTopicName(topic: string, what: string): void {
  if (topic === '') throw malformed(`the ${what} is empty`)
  if (topic.includes('+') || topic.includes('#')) throw malformed(`the ${what} has a wildcard`)
}
