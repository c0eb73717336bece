import type { z } from 'zod'
import * as core from 'zod/v4/core'

declare module 'zod' {
  interface GlobalMeta {
    /** A number that people write with its unit. */
    unit?: 'duration' | 'bytes'
    /** A path, relative to the configuration's folder. */
    file?: boolean
    /** Never printed. */
    secret?: boolean
    /** Looks into messages. */
    language?: 'template' | 'document' | 'condition'
  }
}

export interface About {
  readonly description?: string
  readonly unit?: 'duration' | 'bytes'
  readonly file?: boolean
  readonly secret?: boolean
  readonly language?: 'template' | 'document' | 'condition'
  readonly default?: unknown
  readonly required: boolean
}

/** What a schema describes, for those who walk it: the environment, `config show`, the reference. */
export type Shape = { readonly about: About } & (
  | { readonly kind: 'section'; readonly fields: Readonly<Record<string, z.ZodType>>; readonly open: boolean }
  | { readonly kind: 'map'; readonly of: z.ZodType }
  | { readonly kind: 'list'; readonly of: z.ZodType }
  | { readonly kind: 'choice'; readonly on: string; readonly options: ReadonlyMap<string, z.ZodType> }
  | { readonly kind: 'number' | 'boolean' | 'text'; readonly choices?: readonly string[] }
)

/** Looks through defaults, optionals and transforms at what is written in the file. */
export function shapeOf(schema: z.ZodType): Shape {
  let inner = schema as unknown as core.$ZodTypes
  let about: About = { required: true }
  for (;;) {
    about = { ...core.globalRegistry.get(inner), ...defined(about) } as About
    const def = inner._zod.def
    if (def.type === 'prefault' || def.type === 'default')
      about = { ...about, required: false, default: about.default ?? def.defaultValue }
    else if (def.type === 'optional') about = { ...about, required: false }
    if (def.type === 'pipe') inner = def.in as core.$ZodTypes
    else if ('innerType' in def) inner = def.innerType as core.$ZodTypes
    else return { about, ...plainShape(inner) } as Shape
  }
}

/** The schema of a part, as far as the value present decides it; undefined where the schema knows no such part. */
export function partOf(schema: z.ZodType, step: string | number, type: unknown): z.ZodType | undefined {
  const shape = shapeOf(schema)
  if (shape.kind === 'section') return Object.hasOwn(shape.fields, step) ? shape.fields[step] : undefined
  if (shape.kind === 'map' || shape.kind === 'list') return shape.of
  if (shape.kind !== 'choice') return undefined
  // The key that chooses is there whatever was chosen; any option's tells that it is a text.
  const [any] = shape.options.values()
  if (step === shape.on) return any && partOf(any, step, undefined)
  const chosen = typeof type === 'string' ? shape.options.get(type) : undefined
  return chosen && partOf(chosen, step, undefined)
}

/** Keys that a section or choice knows. */
export function keysOf(schema: z.ZodType, type: unknown): readonly string[] {
  const shape = shapeOf(schema)
  if (shape.kind === 'section') return Object.keys(shape.fields)
  if (shape.kind !== 'choice') return []
  const chosen = typeof type === 'string' ? shape.options.get(type) : undefined
  return chosen ? keysOf(chosen, undefined) : [shape.on]
}

function plainShape(schema: core.$ZodTypes): Record<string, unknown> {
  const def = schema._zod.def
  switch (def.type) {
    case 'object':
      return { kind: 'section', fields: def.shape, open: def.catchall?._zod.def.type === 'unknown' }
    case 'record':
      return { kind: 'map', of: def.valueType }
    case 'array':
      return { kind: 'list', of: def.element }
    case 'enum':
      return { kind: 'text', choices: Object.values(def.entries) }
    case 'number':
      return { kind: 'number' }
    case 'boolean':
      return { kind: 'boolean' }
    case 'union': {
      const on: unknown = 'discriminator' in def ? def.discriminator : undefined
      if (typeof on !== 'string') return { kind: 'text' }
      return { kind: 'choice', on, options: new Map(def.options.map(option => [literal(option, on), option])) }
    }
    default:
      return { kind: 'text' }
  }
}

function literal(option: unknown, on: string): string {
  const def = (option as core.$ZodTypes)._zod.def
  const tag = def.type === 'object' ? (def.shape[on] as core.$ZodTypes | undefined)?._zod.def : undefined
  return tag?.type === 'literal' ? String(tag.values[0]) : ''
}

function defined(about: About): Partial<About> {
  return Object.fromEntries(Object.entries(about).filter(([, value]) => value !== undefined))
}
