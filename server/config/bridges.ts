import { z } from 'zod'
import { egressSpec, filtersOption, ingressSpec } from '../../kernel/bridging/bridge-options.ts'
import { defaultLimits } from '../../kernel/limits.ts'
import type { OptionsSpec } from '../../kernel/plugin.ts'
import { checkFilter } from '../../kernel/routing/topic.ts'
import { type ConfigDocument, children } from './document.ts'
import { text } from './leaves.ts'
import { optionsToFields } from './options-to-zod.ts'

/** What the schema must know of a bridge plugin. */
export interface BridgeSpecs {
  readonly options: OptionsSpec
  readonly to?: OptionsSpec
  readonly delivery?: OptionsSpec
  readonly from?: OptionsSpec
}

/** One entry of `bridges`, as far as the document tells what it is. */
export interface NamedBridge {
  readonly direction: 'egress' | 'ingress'
  /** The type of its connection; undefined when it names none that there is. */
  readonly type: string | undefined
}

/** What a document tells of its bridges: the options of each depend on the type of its connection. */
export interface NamedBridges {
  readonly connections: readonly string[]
  readonly bridges: ReadonlyMap<string, NamedBridge>
}

type Absolute = (path: string) => string
type Plugins = ReadonlyMap<string, BridgeSpecs | undefined>

/** How a schema is used: to check one document, to describe all there can be in a table, or to an editor. */
export type SchemaUse = { readonly named: NamedBridges } | 'reference' | 'editor'

export const bridgeNames = text().regex(
  /^[a-z0-9][a-z0-9_-]{0,63}$/,
  'expected a name of small letters, digits, "-" and "_"',
)

/** What of connections and bridges the document names. */
export function namedBridges(document: ConfigDocument): NamedBridges {
  const types = new Map(
    children(document.root.connections).map(([name, value]) => [String(name), textAt(value, 'type')]),
  )
  const bridges = new Map<string, NamedBridge>()
  for (const [name, bridge] of children(document.root.bridges)) {
    const direction = has(bridge, 'ingress') && !has(bridge, 'egress') ? 'ingress' : 'egress'
    const side = children(bridge).find(([key]) => key === (direction === 'egress' ? 'to' : 'ingress'))?.[1]
    const connection = textAt(side, 'connection')
    bridges.set(String(name), { direction, type: connection === undefined ? undefined : types.get(connection) })
  }
  return { connections: [...types.keys()], bridges }
}

/** `bridges`: exact where a document is checked, of all plugins where it is described. */
export function bridgesField(plugins: Plugins, use: SchemaUse, absolute: Absolute): z.ZodType {
  if (typeof use === 'string') return z.record(bridgeNames, describedBridge(plugins, use, absolute))
  const { connections, bridges } = use.named
  const fields = [...bridges].map(([name, bridge]) => [name, exactBridge(plugins, bridge, connections, absolute)])
  const named = z.object(Object.fromEntries(fields)).strict()
  // Names are checked as those of a map are, although each has a schema of its own.
  return named.superRefine((value, context) => {
    for (const name of Object.keys(value)) {
      const fault = bridgeNames.safeParse(name).error?.issues[0]?.message
      if (fault !== undefined) context.addIssue({ code: 'custom', message: fault, path: [name] })
    }
  })
}

function exactBridge(
  plugins: Plugins,
  { direction, type }: NamedBridge,
  connections: readonly string[],
  absolute: Absolute,
): z.ZodType {
  const specs = (type === undefined ? undefined : plugins.get(type)) ?? unknownSpecs
  const connection = connectionName(connections)
  if (direction === 'egress') {
    const spec = egressSpec(specs)
    const fields = optionsToFields(spec, absolute)
    const to = sideField(spec.to?.fields ?? {}, connection, specs === unknownSpecs, absolute)
    return z.strictObject({ egress: filters(), ...fields, to: to.describe(spec.to?.describe ?? '') })
  }
  const spec = ingressSpec(specs)
  const fields = optionsToFields(spec, absolute)
  const ingress = sideField(spec.ingress?.fields ?? {}, connection, specs === unknownSpecs, absolute)
  return z.strictObject({ ...fields, ingress: ingress.describe(spec.ingress?.describe ?? '') })
}

/** Nothing is known of the options beside a connection that there is not. */
const unknownSpecs: BridgeSpecs = { options: {} }

function sideField(fields: OptionsSpec, connection: z.ZodType, open: boolean, absolute: Absolute): z.ZodType {
  const shape = { ...optionsToFields(fields, absolute), connection }
  return open ? z.looseObject(shape) : z.strictObject(shape)
}

function connectionName(names: readonly string[]): z.ZodType {
  const described = 'One of `connections`.'
  if (names.length === 0) {
    return text()
      .refine(() => false, 'expected the name of a connection, and there is none under "connections"')
      .describe(described)
  }
  return z.enum(names as [string, ...string[]]).describe(described)
}

function describedBridge(plugins: Plugins, use: 'reference' | 'editor', absolute: Absolute): z.ZodType {
  const known = [...plugins].flatMap(([name, specs]) => (specs ? [[name, specs] as const] : []))
  const out = known.filter(([, { to }]) => to !== undefined)
  const into = known.filter(([, { from }]) => from !== undefined)
  const egress = egressSpec({})
  const ingress = ingressSpec({})
  const side = (of: readonly (readonly [string, OptionsSpec])[]): z.ZodType => sides(of, use, absolute)
  const part = (spec: OptionsSpec, name: string, replaced: z.ZodType) =>
    replaced.optional().describe(spec[name]?.describe ?? '')
  return z.strictObject({
    egress: filters().optional(),
    ...optionsToFields(egress, absolute),
    to: part(egress, 'to', side(out.map(([name, { to }]) => [name, { ...egress.to?.fields, ...to }]))),
    delivery: part(
      egress,
      'delivery',
      side(out.map(([name, { delivery }]) => [name, { ...egress.delivery?.fields, ...delivery }])),
    ),
    ingress: part(
      ingress,
      'ingress',
      side(into.map(([name, { from }]) => [name, { ...ingress.ingress?.fields, ...from }])),
    ),
    publish: optionsToFields(ingress, absolute).publish?.optional() ?? z.unknown(),
  })
}

/** One section, or, where there are several, whichever the connection's type decides. */
function sides(
  of: readonly (readonly [type: string, fields: OptionsSpec])[],
  use: 'reference' | 'editor',
  absolute: Absolute,
): z.ZodType {
  const objects = of.map(([type, fields]) => {
    const shape = optionsToFields(fields, absolute)
    return z.strictObject(use === 'reference' ? { ...shape, type: z.literal(type) } : shape)
  })
  const [first] = objects
  if (!first) return z.looseObject({})
  if (use === 'editor') return z.union(objects as [typeof first, ...(typeof first)[]])
  return z.discriminatedUnion('type', objects as never)
}

/** One filter or a list of them. */
function filters(): z.ZodType {
  return z
    .union([z.string(), z.array(z.string())], { error: 'expected a topic filter, or a list of them' })
    .superRefine((value, context) => {
      const list = typeof value === 'string' ? [value] : value
      if (list.length === 0) context.addIssue({ code: 'custom', message: 'expected at least one topic filter' })
      for (const [index, filter] of list.entries()) {
        const fault = filterFault(filter)
        if (fault === undefined) continue
        const path = typeof value === 'string' ? [] : [index]
        context.addIssue({ code: 'custom', message: `expected a topic filter: ${fault}`, path })
      }
    })
    .describe(filtersOption.describe)
}

function filterFault(filter: string): string | undefined {
  try {
    checkFilter(filter, defaultLimits)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

function has(value: unknown, key: string): boolean {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
}

function textAt(value: unknown, key: string): string | undefined {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
  const found: unknown = (value as Record<string, unknown>)[key]
  return typeof found === 'string' ? found : undefined
}
