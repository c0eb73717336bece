import {
  type Attributes,
  type Context,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api'
import type { Noticed } from '../../kernel/observe/trace.ts'
import type { Message } from '../../kernel/plugin.ts'
import { traceContextOf } from './trace-context.ts'

/** What is under way of one message. */
interface Spans {
  /** From its publish to its acknowledgement. */
  readonly published: Span
  /** By the client that it was handed to, until that has acknowledged it. */
  readonly delivered: Map<string, Span>
}

/**
 * Spans of messages: `publish`, below what the publisher sent along as `traceparent`, until it is acknowledged; below it
 * `deliver` to each client, until that has acknowledged; `drop` with its reason. The message itself stays as it is.
 */
export class MessageSpans {
  readonly #tracer: Tracer
  /** Messages that came without a traceparent may begin a trace of their own. */
  readonly #roots: boolean
  /** As long as the message lives, and no longer. */
  readonly #spans = new WeakMap<Message, Spans>()

  constructor(tracer: Tracer, options: { roots: boolean }) {
    this.#tracer = tracer
    this.#roots = options.roots
  }

  take(noticed: Noticed): void {
    const { message, event } = noticed
    if (!message) return
    switch (event) {
      case 'published':
        return this.#published(message, noticed)
      case 'acknowledged':
        this.#spans.get(message)?.published.end()
        return
      case 'refused':
        return this.#failed(this.#spans.get(message)?.published, noticed)
      case 'delivered':
        return this.#delivered(message, noticed)
      case 'settled':
        return this.#take(message, noticed)?.end()
      case 'dropped':
        return this.#dropped(message, noticed)
    }
  }

  #published(message: Message, noticed: Noticed): void {
    const parent = this.#parentOf(message)
    if (!parent) return
    const attributes = attributesOf(message, noticed)
    const published = this.#tracer.startSpan('publish', { kind: SpanKind.SERVER, attributes }, parent)
    this.#spans.set(message, { published, delivered: new Map() })
    // Nobody acknowledges it.
    if (message.guarantee === 0) published.end()
  }

  #delivered(message: Message, noticed: Noticed): void {
    const parent = this.#contextOf(message)
    if (!parent) return
    this.#take(message, noticed)?.end()
    const attributes = attributesOf(message, noticed)
    const span = this.#tracer.startSpan('deliver', { kind: SpanKind.PRODUCER, attributes }, parent)
    const known = this.#spans.get(message)
    // Read from the disk, it is another object than the one that was published, and its end is not waited for.
    if (noticed.guarantee === 0 || !known) span.end()
    else known.delivered.set(noticed.subject?.clientId ?? '', span)
  }

  #dropped(message: Message, noticed: Noticed): void {
    const under = this.#take(message, noticed)
    if (under) return this.#failed(under, noticed)
    const parent = this.#contextOf(message)
    if (!parent) return
    this.#failed(this.#tracer.startSpan('drop', { attributes: attributesOf(message, noticed) }, parent), noticed)
  }

  #failed(span: Span | undefined, { reason = '' }: Noticed): void {
    span?.setStatus({ code: SpanStatusCode.ERROR, message: reason })
    span?.end()
  }

  /** The delivery to this client that is under way. */
  #take(message: Message, { subject }: Noticed): Span | undefined {
    const delivered = this.#spans.get(message)?.delivered
    const span = delivered?.get(subject?.clientId ?? '')
    delivered?.delete(subject?.clientId ?? '')
    return span
  }

  /** Below its publish where that is known, else below what its publisher sent along. */
  #contextOf(message: Message): Context | undefined {
    const published = this.#spans.get(message)?.published
    return published ? trace.setSpan(ROOT_CONTEXT, published) : this.#parentOf(message)
  }

  #parentOf(message: Message): Context | undefined {
    const given = traceContextOf(message)
    if (!given) return this.#roots ? ROOT_CONTEXT : undefined
    const { traceId, spanId, flags: traceFlags } = given
    return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true })
  }
}

function attributesOf(message: Message, { subject, guarantee }: Noticed): Attributes {
  return {
    'messaging.system': 'robustmq',
    'messaging.destination.name': message.topic,
    'messaging.message.body.size': message.payload.length,
    'robustmq.qos': guarantee ?? message.guarantee,
    ...(subject && { 'messaging.client.id': subject.clientId, 'robustmq.tenant': subject.tenant }),
    ...(message.from !== undefined && { 'robustmq.publisher': message.from }),
  }
}
