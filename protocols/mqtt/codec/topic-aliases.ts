import { PacketError, topicAliasInvalid, violation } from './packet-error.ts'

/** What a client's aliases stand for; they end with the connection. [MQTT-3.3.2-7] */
export class InboundTopicAliases {
  readonly #topics = new Map<number, string>()
  readonly #maximum: number

  /** `maximum`: what CONNACK announced as Topic Alias Maximum; 0: none. */
  constructor(maximum: number) {
    this.#maximum = maximum
  }

  /**
   * The topic of a PUBLISH with this topic, perhaps empty, and alias; remembers both if both are given.
   * @throws PacketError 0x94: the alias is 0 or over the maximum; 0x82: it is not known, or there is neither.
   */
  resolve(topic: string, alias: number | undefined): string {
    if (alias === undefined) {
      if (topic === '') throw violation('PUBLISH has neither topic name nor topic alias')
      return topic
    }
    if (alias === 0 || alias > this.#maximum) {
      throw new PacketError(topicAliasInvalid, `topic alias ${alias}; at most ${this.#maximum} were offered`)
    }
    if (topic !== '') {
      this.#topics.set(alias, topic)
      return topic
    }
    const known = this.#topics.get(alias)
    if (known === undefined) throw violation(`topic alias ${alias} is not known`)
    return known
  }
}

/**
 * Our aliases for a client: the first topics that are sent get them, and keep them. So no topic is ever announced twice,
 * and a client with many topics costs no more than its maximum.
 */
export class OutboundTopicAliases {
  readonly #aliases = new Map<string, number>()
  readonly #maximum: number

  /** `maximum`: the client's Topic Alias Maximum, or less. [MQTT-3.3.2-11] */
  constructor(maximum: number) {
    this.#maximum = maximum
  }

  /** The topic's alias, which then replaces its name; 0 if it has none. */
  known(topic: string): number {
    return this.#aliases.get(topic) ?? 0
  }

  /** The alias to announce with the next new topic; 0 when all are given away. */
  get next(): number {
    return this.#aliases.size < this.#maximum ? this.#aliases.size + 1 : 0
  }

  /** Call it when the packet that announces `next` for this topic was written, not when it was dropped. */
  remember(topic: string): void {
    const alias = this.next
    if (alias > 0 && !this.#aliases.has(topic)) this.#aliases.set(topic, alias)
  }
}
