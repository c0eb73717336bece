import { malformed } from './packet-error.ts'
import { decodeText } from './text.ts'

/** Not empty, and without wildcards. [MQTT-4.7.0-1] [MQTT-4.7.3-1] */
export function isTopicName(topic: string): boolean {
  for (let at = 0; at < topic.length; at++) {
    const unit = topic.charCodeAt(at)
    if (unit === plus || unit === hash) return false
  }
  return topic !== ''
}

const plus = 0x2b
const hash = 0x23

/** Topics come again and again. Those in here are ASCII, were checked, and have been hashed by the maps they went to. */
const recent: string[] = new Array(4096).fill('')
const longestRecent = 128

/** The topic name of a PUBLISH, checked, or '' if it is empty. @throws PacketError 0x81 */
export function decodeTopicName(buffer: Buffer, start: number, end: number): string {
  const length = end - start
  if (length === 0) return ''
  if (length > longestRecent) return decodeNewTopicName(buffer, start, end)
  // A few bytes tell most topics apart; a slot that two of them share only costs time.
  const middle = start + (length >> 1)
  const slot =
    (length +
      31 * (buffer[end - 1] as number) +
      961 * (buffer[middle] as number) +
      127 * (buffer[start + ((3 * length) >> 2)] as number) +
      17 * (buffer[end - 2] ?? 0)) &
    (recent.length - 1)
  const candidate = recent[slot] as string
  if (candidate.length === length) {
    let at = 0
    while (at < length && candidate.charCodeAt(at) === buffer[start + at]) at++
    if (at === length) return candidate
  }
  const topic = decodeNewTopicName(buffer, start, end)
  // Other characters are longer in bytes than in the string, and never match above.
  if (topic.length === length) recent[slot] = topic
  return topic
}

function decodeNewTopicName(buffer: Buffer, start: number, end: number): string {
  const topic = decodeText(buffer, start, end)
  if (!isTopicName(topic)) throw malformed('the topic name has a wildcard')
  return topic
}
