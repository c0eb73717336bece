import { BrokerError } from '../../../kernel/plugin.ts'

/** What a SUBSCRIBE filter asks for, once its prefix is understood. */
export interface SubscriptionFilter {
  readonly filter: string
  readonly group: string | undefined
  readonly exclusive: boolean
}

/** The group of `$queue/` filters: a name that no share can have. */
export const queueGroup = '$queue'

/**
 * `$share/<group>/<filter>`, `$queue/<filter>`, `$exclusive/<topic>`, or a plain filter.
 * @throws BrokerError FILTER_INVALID [MQTT-4.8.2-1] [MQTT-4.8.2-2]
 */
export function parseSubscriptionFilter(text: string): SubscriptionFilter {
  if (!text.startsWith('$')) return { filter: text, group: undefined, exclusive: false }
  if (text === '$share' || text.startsWith('$share/')) return parseShare(text)
  if (text === '$queue' || text.startsWith('$queue/')) {
    return { filter: rest(text, '$queue/'), group: queueGroup, exclusive: false }
  }
  if (text === '$exclusive' || text.startsWith('$exclusive/')) {
    const filter = rest(text, '$exclusive/')
    if (/[+#]/.test(filter)) throw invalid(text, 'an exclusive subscription takes a topic, not a wildcard')
    return { filter, group: undefined, exclusive: true }
  }
  return { filter: text, group: undefined, exclusive: false }
}

function parseShare(text: string): SubscriptionFilter {
  const slash = text.indexOf('/', '$share/'.length)
  const group = slash === -1 ? '' : text.slice('$share/'.length, slash)
  if (group === '') throw invalid(text, 'it lacks a share name and a filter: "$share/<name>/<filter>"')
  if (/[+#]/.test(group)) throw invalid(text, 'a share name has no wildcard')
  const filter = text.slice(slash + 1)
  if (filter === '') throw invalid(text, 'its filter is empty')
  return { filter, group, exclusive: false }
}

function rest(text: string, prefix: string): string {
  const filter = text.slice(prefix.length)
  if (filter === '') throw invalid(text, 'its filter is empty')
  return filter
}

function invalid(text: string, why: string): BrokerError {
  return new BrokerError('FILTER_INVALID', `filter "${text.slice(0, 80)}": ${why}`)
}
