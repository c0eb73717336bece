import { BrokerError, Message, type ProtocolHost } from '../../../kernel/plugin.ts'

const clientEvents = ['client.connected', 'client.disconnected', 'client.subscribed', 'client.unsubscribed']
const alarmEvents = ['alarm.raised', 'alarm.cleared']

/**
 * What happens, as JSON on `$events/<subject>/<event>`: of clients in their own tenant, alarms in the default one. The
 * payload is the event's detail with `node` and `at`, ms since the epoch; docs/guides/mqtt-extras.md lists the fields.
 */
export class EventTopics {
  readonly #host: ProtocolHost
  readonly #unsubscribe: (() => void)[]

  constructor(host: ProtocolHost, options: { readonly clientEvents: boolean }) {
    this.#host = host
    const names = options.clientEvents ? [...clientEvents, ...alarmEvents] : alarmEvents
    this.#unsubscribe = names.map(name => host.events.on(name, detail => this.#publish(name, detail)))
  }

  close(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
  }

  #publish(name: string, detail: Readonly<Record<string, unknown>>): void {
    const { clock, node, logger } = this.#host
    const topic = `$events/${name.replace('.', '/')}`
    const tenant = typeof detail.tenant === 'string' ? detail.tenant : undefined
    try {
      const published = this.#host
        .system(tenant)
        .publish(new EventMessage(topic, { ...detail, node, at: clock.now() }, clock.now()))
      if (typeof published !== 'number') {
        published.catch(error => logger.debug({ topic, error: String(error) }, 'an event was not stored'))
      }
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error
      logger.debug({ topic, error: error.message }, 'an event was not published')
    }
  }
}

/** Its JSON is written when somebody reads it: without a subscriber an event costs a look-up. */
class EventMessage extends Message {
  readonly #detail: object
  #json: Uint8Array | undefined

  constructor(topic: string, detail: object, publishedAt: number) {
    const payload = new Uint8Array(0)
    super({ topic, payload, guarantee: 1, contentType: 'application/json', format: 'text', publishedAt }, true)
    this.#detail = detail
  }

  override get payload(): Uint8Array {
    return (this.#json ??= Buffer.from(JSON.stringify(this.#detail)))
  }
}
