import { BrokerError, Message, type ProtocolHost, type Space } from '../../../kernel/plugin.ts'

const clientEvents = ['client.connected', 'client.disconnected', 'client.subscribed', 'client.unsubscribed']
const alarmEvents = ['alarm.raised', 'alarm.cleared']

/**
 * What happens, as JSON on `$events/<subject>/<event>`: of clients in their own tenant, alarms in the default one. The
 * payload is the event's detail with `node` and `at`, ms since the epoch; docs/guides/mqtt-extras.md lists the fields.
 */
export class EventTopics {
  readonly #host: ProtocolHost
  readonly #unsubscribe: (() => void)[]
  /** By tenant: making one costs more than an event that nobody subscribed to. */
  readonly #spaces = new Map<string | undefined, Space>()

  constructor(host: ProtocolHost, options: { readonly clientEvents: boolean }) {
    this.#host = host
    const names = options.clientEvents ? [...clientEvents, ...alarmEvents] : alarmEvents
    this.#unsubscribe = names.map(name => {
      const topic = `$events/${name.replace('.', '/')}`
      return host.events.on(name, detail => this.#publish(topic, detail))
    })
  }

  close(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
  }

  #publish(topic: string, detail: Readonly<Record<string, unknown>>): void {
    const { clock, node, logger } = this.#host
    try {
      const space = this.#spaceOf(typeof detail.tenant === 'string' ? detail.tenant : undefined)
      const published = space.publish(new EventMessage(topic, detail, node, clock.now()))
      if (typeof published !== 'number') {
        published.catch(error => logger.debug({ topic, error: String(error) }, 'an event was not stored'))
      }
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error
      logger.debug({ topic, error: error.message }, 'an event was not published')
    }
  }

  #spaceOf(tenant: string | undefined): Space {
    let space = this.#spaces.get(tenant)
    if (!space) this.#spaces.set(tenant, (space = this.#host.system(tenant)))
    return space
  }
}

const unwritten = new Uint8Array(0)

/** Its JSON is written when somebody reads it: without a subscriber an event costs a look-up. */
class EventMessage extends Message {
  readonly #detail: object
  readonly #node: string
  #json: Uint8Array | undefined

  constructor(topic: string, detail: object, node: string, publishedAt: number) {
    super(
      { topic, payload: unwritten, guarantee: 1, contentType: 'application/json', format: 'text', publishedAt },
      true,
    )
    this.#detail = detail
    this.#node = node
  }

  override get packedPayload(): Uint8Array {
    return (this.#json ??= Buffer.from(JSON.stringify({ ...this.#detail, node: this.#node, at: this.publishedAt })))
  }
}
