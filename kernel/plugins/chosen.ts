/** A plugin and its options, checked against the plugin's own description when it is opened. */
export interface Chosen<P> {
  readonly plugin: P
  readonly options?: Readonly<Record<string, unknown>>
}
