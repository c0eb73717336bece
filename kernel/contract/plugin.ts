/** One option of a plugin, described once: validation, defaults, documentation, JSON Schema and forms follow from it. */
export interface Option {
  /**
   * duration: '5s', '1h30m' or a number of ms. bytes: '64KB', '1GB' or a number. file: a path, relative to the configuration.
   * template, document, condition: text that looks into messages, which a plugin gets compiled: `Template`,
   * `DocumentTemplate`, `Condition`.
   */
  readonly type:
    | 'string'
    | 'number'
    | 'boolean'
    | 'duration'
    | 'bytes'
    | 'file'
    | 'template'
    | 'document'
    | 'condition'
    | 'list'
    | 'map'
    | 'object'
  /** One sentence for the reference and the form. */
  readonly describe: string
  readonly default?: unknown
  readonly required?: boolean
  /** Never printed, masked in every answer. */
  readonly secret?: boolean
  readonly choices?: readonly string[]
  /** Of the choices: those this machine has not, each with what it would need. They are documented, and refused. */
  readonly missing?: Readonly<Record<string, string>>
  /** Of a number: words that may be written for some, such as `forever` for 0. */
  readonly words?: Readonly<Record<string, number>>
  /** Of a duration: two of them, written `200ms..30s`; becomes `{ from, to }`. */
  readonly range?: boolean
  readonly min?: number
  readonly max?: number
  /** The elements of a list, the values of a map. */
  readonly of?: Option
  /** The fields of an object. */
  readonly fields?: OptionsSpec
}

export type OptionsSpec = Readonly<Record<string, Option>>

/** Every plugin has this one shape. `open` is called once; what it returns lives until the kernel closes. */
export interface Plugin<Kind extends string, Host, Handle, Options> {
  readonly kind: Kind
  /** `[a-z0-9-]+`, unique among plugins of its kind. */
  readonly name: string
  /** The version of this contract the plugin was written for. */
  readonly api: 1
  readonly options: OptionsSpec
  open(host: Host, options: Options): Promise<Handle>
}
