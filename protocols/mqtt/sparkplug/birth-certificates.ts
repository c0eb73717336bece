import { isBrokerError, Message, type ProtocolHost } from '../../../kernel/plugin.ts'

const prefix = '$sparkplug/certificates/'

/**
 * What makes a Sparkplug Aware server of this one: births of edge nodes and devices are kept, byte for byte, as retained
 * messages that clients may read and only the server writes. [tck-id-conformance-mqtt-aware-basic]
 */
export class BirthCertificates {
  readonly #host: ProtocolHost

  constructor(host: ProtocolHost) {
    this.#host = host
  }

  /**
   * Keeps a message that was published if it is a birth. Returns what its publisher is to wait for: the publish itself,
   * and the certificate's being stored. [tck-id-conformance-mqtt-aware-store]
   */
  keep(message: Message, tenant: string, published: number | Promise<number>): number | Promise<number> {
    if (!isBirth(message.topic) || message.payload.length === 0) return published
    const kept = this.#store(message, tenant)
    if (typeof kept === 'number') return published
    return Promise.all([published, kept]).then(([reached]) => reached)
  }

  #store(message: Message, tenant: string): number | Promise<number> {
    try {
      return this.#host.system(tenant).publish(certificate(message))
    } catch (error) {
      if (!isBrokerError(error)) throw error
      this.#host.logger.warn({ topic: message.topic, error: error.message }, 'a birth certificate could not be kept')
      return 0
    }
  }
}

/** `spBv1.0/<group>/NBIRTH/<node>` or `spBv1.0/<group>/DBIRTH/<node>/<device>`. */
function isBirth(topic: string): boolean {
  if (!topic.startsWith('spBv1.0/')) return false
  const levels = topic.split('/')
  return (levels[2] === 'NBIRTH' && levels.length === 4) || (levels[2] === 'DBIRTH' && levels.length === 5)
}

/** [tck-id-conformance-mqtt-aware-nbirth-mqtt-topic] [tck-id-conformance-mqtt-aware-dbirth-mqtt-topic] */
function certificate(birth: Message): Message {
  const { topic, payload, guarantee, headers, publishedAt, contentType, format, deliverAt } = birth
  return new Message({
    topic: prefix + topic,
    payload,
    guarantee,
    headers,
    publishedAt,
    // [tck-id-conformance-mqtt-aware-nbirth-mqtt-retain] [tck-id-conformance-mqtt-aware-dbirth-mqtt-retain]
    retain: true,
    ...(contentType !== undefined && { contentType }),
    ...(format !== undefined && { format }),
    ...(deliverAt !== undefined && { deliverAt }),
  })
}
