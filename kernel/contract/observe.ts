/** Structured logging; the server supplies an adapter. Fields never hold payloads or secrets. */
export interface Logger {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

export type Labels = Readonly<Record<string, string>>

/** A number that only grows. Hold on to it: looking one up costs, adding to it does not. */
export interface Counter {
  value: number
}

/** Named numbers. No metrics library here: an adapter reads `all()` when it is scraped. */
export interface Counters {
  /** The counter of that name and labels, made at its first use. Label values come from closed sets, never from clients. */
  counter(name: string, labels?: Labels): Counter
  /** A value read when somebody looks. Registering a name and labels again replaces the reader. */
  gauge(name: string, read: () => number, labels?: Labels): void
  /** A gauge is read only when its `value` is: some look through all sessions. */
  all(): Iterable<{ name: string; labels: Labels; type: 'counter' | 'gauge'; value: number }>
}

/** What happened, for event topics, webhooks, audit and tests. Protocols name their own in their documentation. */
export interface Events {
  emit(name: string, detail: Readonly<Record<string, unknown>>): void
  /** Calls `listener` for every event whose name is `name`, or for all of them with '*'. Returns the unsubscriber. */
  on(name: string, listener: (detail: Readonly<Record<string, unknown>>, name: string) => void): () => void
}
