import { BrokerError } from '../../../kernel/plugin.ts'

const prefix = '$delayed/'
/** Numbers above are times in seconds since the epoch, others are seconds from now. */
const absoluteAbove = 1e9

/**
 * The time and target of `$delayed/<seconds or unix time>/<topic>`; undefined for other topics.
 * @throws BrokerError TOPIC_INVALID when the number is none, or the target is reserved or again delayed.
 */
export function parseDelayedTopic(topic: string, nowMs: number): { deliverAt: number; topic: string } | undefined {
  if (!topic.startsWith(prefix)) return undefined
  const slash = topic.indexOf('/', prefix.length)
  const number = slash === -1 ? '' : topic.slice(prefix.length, slash)
  const target = slash === -1 ? '' : topic.slice(slash + 1)
  if (!/^\d{1,12}$/.test(number) || target === '') {
    throw new BrokerError('TOPIC_INVALID', `topic "${topic.slice(0, 80)}": write "$delayed/<seconds>/<topic>"`)
  }
  if (isReserved(target) || target.startsWith(prefix)) {
    throw new BrokerError('TOPIC_INVALID', `topic "${topic.slice(0, 80)}": its target may not be published to`)
  }
  const seconds = Number(number)
  return { deliverAt: seconds > absoluteAbove ? seconds * 1_000 : nowMs + seconds * 1_000, topic: target }
}

const reserved = ['$SYS', '$share', '$queue', '$exclusive', '$events', '$sparkplug', '$delayed']

/** Topics that belong to the server: clients may not publish to them. */
export function isReserved(topic: string): boolean {
  if (!topic.startsWith('$')) return false
  const slash = topic.indexOf('/')
  return reserved.includes(slash === -1 ? topic : topic.slice(0, slash))
}
