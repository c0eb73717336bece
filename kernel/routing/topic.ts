import { BrokerError } from '../contract/errors.ts'
import type { Limits } from '../limits.ts'

/** The grammar of topics and filters: levels joined by '/', '+' for one level, '#' for this level's parent and all below. */

const slash = 0x2f
const hash = 0x23
const plus = 0x2b

type TopicLimits = Pick<Limits, 'topicBytes' | 'topicLevels'>

/** @throws BrokerError TOPIC_INVALID */
export function checkTopic(topic: string, limits: TopicLimits): void {
  const fault = sizeFault(topic, limits) ?? wildcardInTopic(topic)
  if (fault) throw new BrokerError('TOPIC_INVALID', `topic "${shown(topic)}" ${fault}`)
}

/** @throws BrokerError FILTER_INVALID */
export function checkFilter(filter: string, limits: TopicLimits): void {
  const fault = sizeFault(filter, limits) ?? misplacedWildcard(filter)
  if (fault) throw new BrokerError('FILTER_INVALID', `filter "${shown(filter)}" ${fault}`)
}

/** The slow, obvious statement of what a filter matches; the trie must agree with it. */
export function matches(filter: string, topic: string): boolean {
  const wanted = filter.split('/')
  const levels = topic.split('/')
  // A wildcard in the first level does not reach topics that begin with '$'.
  if (topic.startsWith('$') && (wanted[0] === '+' || wanted[0] === '#')) return false
  for (let i = 0; i < wanted.length; i++) {
    if (wanted[i] === '#') return true
    if (i >= levels.length) return false
    if (wanted[i] !== '+' && wanted[i] !== levels[i]) return false
  }
  return wanted.length === levels.length
}

export function hasWildcard(filter: string): boolean {
  return filter.includes('+') || filter.includes('#')
}

function sizeFault(text: string, limits: TopicLimits): string | undefined {
  if (text.length === 0) return 'is empty'
  // A string of n characters has n to 3n UTF-8 bytes: most need no counting.
  const { topicBytes, topicLevels } = limits
  if (topicBytes > 0 && text.length * 3 > topicBytes && Buffer.byteLength(text) > topicBytes)
    return `is longer than ${topicBytes} bytes (limit topicBytes)`
  let levels = 1
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    if (unit === slash) levels++
    else if (unit === 0) return 'contains U+0000'
  }
  return topicLevels > 0 && levels > topicLevels
    ? `has ${levels} levels, more than ${topicLevels} (limit topicLevels)`
    : undefined
}

function wildcardInTopic(topic: string): string | undefined {
  for (let at = 0; at < topic.length; at++) {
    const unit = topic.charCodeAt(at)
    if (unit === hash || unit === plus) return `contains "${topic[at]}", which only filters may`
  }
  return undefined
}

function misplacedWildcard(filter: string): string | undefined {
  const all = filter.indexOf('#')
  if (all !== -1 && (all !== filter.length - 1 || (all > 0 && filter[all - 1] !== '/')))
    return 'has "#" elsewhere than alone as its last level'
  for (let at = filter.indexOf('+'); at !== -1; at = filter.indexOf('+', at + 1)) {
    const before = at === 0 || filter[at - 1] === '/'
    const after = at === filter.length - 1 || filter[at + 1] === '/'
    if (!before || !after) return 'has "+" beside other characters of a level'
  }
  return undefined
}

function shown(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}...` : text
}
