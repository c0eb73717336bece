/** A JSON Schema, as far as the routes' ones go. */
export interface Schema {
  readonly type?: string | readonly string[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly items?: Schema | false
  readonly prefixItems?: readonly Schema[]
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly default?: unknown
  readonly description?: string
  readonly format?: string
}

export interface Field {
  /** `a.b`, `a[].b`. */
  readonly name: string
  readonly type: string
  readonly required: boolean
  readonly text: string
}

/** Objects within objects are shown so deep. */
const mostLevels = 3

/** All fields of an object or of a list's elements, those within others too. */
export function fieldsOf(schema: Schema, prefix = '', level = 1): Field[] {
  const inner = schema.items ? schema.items : schema
  const { properties = {}, required = [] } = inner
  return Object.entries(properties).flatMap(([key, field]) => {
    const name = `${prefix}${key}`
    const { description = '', default: standard } = field
    const text = standard === undefined ? description : `${description} Default: ${JSON.stringify(standard)}.`.trim()
    const own = { name, type: typeOf(field), required: required.includes(key) && standard === undefined, text }
    if (level === mostLevels) return [own]
    const nested = ways(field).find(way => way.properties ?? (way.items ? way.items.properties : undefined))
    return [own, ...(nested ? fieldsOf(nested, `${name}${nested.items ? '[]' : ''}.`, level + 1) : [])]
  })
}

/** `string | null`, `0 | 1 | 2`, `string[]`. */
export function typeOf(schema: Schema): string {
  const { type, items, prefixItems, enum: values } = schema
  if (values) return values.map(value => JSON.stringify(value)).join(' | ')
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (schema.anyOf ?? schema.oneOf) return [...new Set(ways(schema).map(typeOf))].join(' | ')
  if (prefixItems) return `[${prefixItems.map(typeOf).join(', ')}]`
  if (type === 'array') return items ? `${bracketed(typeOf(items))}[]` : 'array'
  if (typeof type === 'string') return schema.format === 'date-time' ? 'time' : type
  return type?.join(' | ') ?? 'any'
}

function ways(schema: Schema): readonly Schema[] {
  return schema.anyOf ?? schema.oneOf ?? [schema]
}

function bracketed(type: string): string {
  return type.includes(' | ') ? `(${type})` : type
}
