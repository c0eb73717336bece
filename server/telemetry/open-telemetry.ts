import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-base'
import type { Kernel, Logger } from '../../kernel/index.ts'
import { version } from '../../kernel/version.ts'
import { MessageSpans } from './message-spans.ts'

export interface TelemetryOptions {
  /** Of OTLP over HTTP, such as http://localhost:4318/v1/traces. */
  readonly endpoint: string
  readonly headers: Readonly<Record<string, string>>
  /** Of messages that come without a traceparent, the part that begins a trace: 0 to 1. */
  readonly ratio: number
  readonly service: string
  readonly node: string
}

/** Spans that wait to be sent; what is more is dropped, and never makes a client wait. */
const maxWaiting = 4_096
const exportTimeoutMs = 5_000

/** Sends spans of messages to a collector until it is closed, which sends what waits. */
export function openTelemetry(
  { kernel, logger }: { kernel: Pick<Kernel, 'traces'>; logger: Pick<Logger, 'error'> },
  options: TelemetryOptions,
): () => Promise<void> {
  const { endpoint: url, headers, ratio, service, node } = options
  const exporter = new OTLPTraceExporter({ url, headers: { ...headers }, timeoutMillis: exportTimeoutMs })
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({
      'service.name': service,
      'service.version': version,
      'service.instance.id': node,
    }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
    spanProcessors: [
      new BatchSpanProcessor(exporter, { maxQueueSize: maxWaiting, exportTimeoutMillis: exportTimeoutMs }),
    ],
  })
  const spans = new MessageSpans(provider.getTracer('robustmq', version), { roots: ratio > 0 })
  const end = kernel.traces.watch(noticed => {
    try {
      spans.take(noticed)
    } catch (error) {
      // A fault of this must not refuse a publish.
      logger.error({ error }, 'a span could not be made')
    }
  })
  return async () => {
    end()
    await provider.shutdown().catch(() => {})
  }
}
