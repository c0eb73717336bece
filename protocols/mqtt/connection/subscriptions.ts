import type { BindOptions, BindRequest, Bound } from '../../../kernel/plugin.ts'
import { isBrokerError } from '../../../kernel/plugin.ts'
import {
  encodeSuback,
  encodeUnsuback,
  type Qos,
  type Subscribe,
  type Subscription,
  type Unsubscribe,
} from '../codec/index.ts'
import { reason, reasonOf } from '../reason-codes.ts'
import { parseSubscriptionFilter, type SubscriptionFilter } from '../topics/subscription-filter.ts'
import type { Client } from './client.ts'

/** What a binding keeps of its subscription, besides its QoS. */
export interface SubscriptionData {
  readonly retainAsPublished: boolean
  readonly retainHandling: 0 | 1 | 2
  readonly identifier?: number
}

/** SUBSCRIBE and UNSUBSCRIBE, and the subscriptions made for a client. */
export class Subscriptions {
  readonly #client: Client
  #ended = false

  constructor(client: Client) {
    this.#client = client
  }

  end(): void {
    this.#ended = true
  }

  subscribe(packet: Subscribe): void {
    const identifier = packet.properties.subscriptionIdentifiers?.[0]
    const { connection, level, limits, mqtt } = this.#client
    this.#bind(packet.subscriptions, identifier, codes => {
      mqtt.counters.packetsSent.value++
      encodeSuback(connection.output, { packetId: packet.packetId, reasonCodes: codes }, level, limits)
    })
  }

  /** Subscriptions that the configuration makes for every client. */
  autoSubscribe(): void {
    const { mqtt, clientId, user, connection } = this.#client
    const { autoSubscribe } = mqtt.options
    if (autoSubscribe.length === 0) return
    const subscriptions = autoSubscribe.flatMap(rule => {
      const filter = fill(rule.filter, { clientid: clientId, username: user, host: connection.peer.address })
      return filter === undefined ? [] : [{ ...rule, filter }]
    })
    this.#bind(subscriptions, undefined, () => {})
  }

  unsubscribe(packet: Unsubscribe): void {
    const { connection, level, limits, mqtt, session } = this.#client
    const filters = packet.filters.map(text => this.#parse(text))
    const known = filters.flatMap(parsed => (parsed instanceof Error ? [] : [parsed]))
    const refused = () => {
      mqtt.counters.packetsSent.value++
      const reasonCodes = filters.map(() => reason.implementationSpecificError)
      encodeUnsuback(connection.output, { packetId: packet.packetId, reasonCodes }, level, limits)
    }
    // Before 5.0 an UNSUBACK has no word for a refusal.
    this.#inTurn('UNSUBSCRIBE', level === 5 ? refused : undefined, done =>
      session.unbind(known, existed => {
        done()
        let next = 0
        const reasonCodes = filters.map(parsed => {
          if (parsed instanceof Error) return reasonOf(parsed)
          return existed[next++] ? reason.success : reason.noSubscriptionExisted
        })
        mqtt.counters.packetsSent.value++
        encodeUnsuback(connection.output, { packetId: packet.packetId, reasonCodes }, level, limits)
        const ended = packet.filters.filter((_, i) => reasonCodes[i] === reason.success)
        this.#tell('client.unsubscribed', ended)
      }),
    )
  }

  #bind(
    subscriptions: readonly Subscription[],
    identifier: number | undefined,
    granted: (reasonCodes: readonly number[]) => void,
  ): void {
    const { session } = this.#client
    const parsed = subscriptions.map(subscription => this.#parse(subscription.filter))
    const requests = subscriptions.flatMap((subscription, i) => {
      const filter = parsed[i] as SubscriptionFilter | Error
      return filter instanceof Error ? [] : [bindRequest(subscription, filter, identifier)]
    })
    const refused = (code: number) => granted(parsed.map(filter => (filter instanceof Error ? reasonOf(filter) : code)))
    // Nor has a SUBACK of MQTT 3.1.
    this.#inTurn('SUBSCRIBE', this.#client.level === 3 ? undefined : refused, done =>
      session.bind(requests, results => {
        done()
        let next = 0
        const bound = parsed.map(filter => (filter instanceof Error ? filter : (results[next++] as Bound)))
        const codes = bound.map((one, i) => codeOf(one, subscriptions[i] as Subscription))
        granted(codes)
        const made = subscriptions.map(({ filter }) => filter).filter((_, i) => (codes[i] as number) < 0x80)
        this.#tell('client.subscribed', made)
      }),
    )
  }

  /**
   * What the client sends next waits until this is done: its requests take effect in their order. `refused` tells the
   * client that nothing changed because the disk is full; without it, or for any other failure, the connection ends.
   */
  #inTurn(
    what: string,
    refused: ((reasonCode: number) => void) | undefined,
    work: (done: () => void) => Promise<void>,
  ): void {
    const { control } = this.#client
    let done = false
    const worked = work(() => {
      done = true
    })
    const waits = !done
    if (waits) control.pause()
    worked.then(
      () => {
        if (waits) control.resume()
      },
      error => {
        if (this.#ended) return
        if (!refused || !isBrokerError(error, 'STORAGE_FULL')) {
          return control.fail(reasonOf(error), `${what} could not be stored: ${String(error)}`)
        }
        refused(reasonOf(error))
        if (waits) control.resume()
      },
    )
  }

  #parse(text: string): SubscriptionFilter | Error {
    const { mqtt, clientId, user } = this.#client
    try {
      const parsed = parseSubscriptionFilter(text)
      if (mqtt.rewriter.empty) return parsed
      return { ...parsed, filter: mqtt.rewriter.subscribe(parsed.filter, clientId, user) }
    } catch (error) {
      if (isBrokerError(error)) return error
      throw error
    }
  }

  #tell(event: string, filters: readonly string[]): void {
    if (filters.length === 0) return
    const { mqtt, clientId, user, space } = this.#client
    mqtt.host.events.emit(event, { clientId, username: user ?? null, tenant: space.principal.tenant, filters })
  }
}

function bindRequest(
  { qos, noLocal, retainAsPublished, retainHandling }: Subscription,
  { filter, group, exclusive }: SubscriptionFilter,
  identifier: number | undefined,
): BindRequest {
  if (identifier === undefined && group === undefined && !noLocal && !exclusive) {
    return { filter, options: plainOptions(qos, retainAsPublished, retainHandling), ...replays[retainHandling] }
  }
  const data: SubscriptionData = {
    retainAsPublished,
    retainHandling,
    ...(identifier !== undefined && { identifier }),
  }
  return {
    filter,
    ...(group === undefined && replays[retainHandling]),
    options: {
      guarantee: qos,
      data,
      ...(noLocal && { excludeOwn: true }),
      ...(group !== undefined && { group }),
      ...(exclusive && { exclusive: true }),
    },
  }
}

/** By retain handling: [MQTT-3.3.1-9] [MQTT-3.3.1-10] [MQTT-3.3.1-11]; shared subscriptions get no retained messages. */
const replays = [{ replay: 'always' }, { replay: 'if-new' }, {}] as const

const plain: (BindOptions | undefined)[] = []

/** Most subscriptions of all clients are of a few kinds, and share their options. */
function plainOptions(qos: Qos, retainAsPublished: boolean, retainHandling: 0 | 1 | 2): BindOptions {
  const kind = qos * 6 + (retainAsPublished ? 3 : 0) + retainHandling
  return (plain[kind] ??= { guarantee: qos, data: { retainAsPublished, retainHandling } })
}

function codeOf(bound: Bound | Error, { qos }: Subscription): number {
  if (bound instanceof Error) return reasonOf(bound)
  return bound.error ? reasonOf(bound.error) : qos
}

/** Replaces `${name}`; undefined when a value is missing or would change the filter's meaning. */
function fill(text: string, values: Record<string, string | undefined>): string | undefined {
  let complete = true
  const filled = text.replace(/\$\{(\w+)\}/g, (whole, name: string) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined
    if (value === undefined || value === '' || /[+#/]/.test(value)) complete = false
    return value ?? whole
  })
  // A client called "$share" is not meant to make it a shared subscription.
  const becomesReserved = filled.startsWith('$') && (text.startsWith('${') || !text.startsWith('$'))
  return complete && !becomesReserved ? filled : undefined
}
