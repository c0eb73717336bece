import type { BridgePlugin } from '../contract/bridge.ts'
import { BrokerError } from '../contract/errors.ts'
import type { Guarantee } from '../contract/message.ts'
import type { Option, OptionsSpec } from '../contract/plugin.ts'
import type { Condition, DocumentTemplate, Template } from '../contract/scope.ts'
import type { Chosen } from '../plugins/chosen.ts'
import { resolveFor } from '../plugins/plugin-options.ts'
import { defaultTenant } from '../tenant.ts'

export type AnyBridgePlugin = BridgePlugin<never, never, never, never>

/** Connections by name, and the bridges that use them, as they are written in a configuration. */
export interface BridgingOptions {
  readonly connections: Readonly<Record<string, Chosen<AnyBridgePlugin>>>
  readonly bridges: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

/** What the kernel itself takes of a bridge, beside the plugin's own. */
export const deliveryOptions: OptionsSpec = {
  linger: { type: 'duration', describe: 'How long a batch waits to be filled.', default: 5, max: 60_000 },
  batch: { type: 'bytes', describe: 'Bytes of one batch.', default: '1MB', min: 1, max: 67_108_864 },
  batchMessages: { type: 'number', describe: 'Messages of one batch.', default: 10_000, min: 1, max: 100_000 },
}

export const bufferOptions: OptionsSpec = {
  store: {
    type: 'string',
    choices: ['disk', 'memory'],
    default: 'disk',
    describe:
      'Where messages wait. memory: what waits is lost when the broker stops, and no publisher waits for a disk.',
  },
  max: { type: 'bytes', describe: 'Bytes that may wait.', default: '1GB', min: 1 },
  maxMessages: { type: 'number', describe: 'Messages that may wait.', default: 5_000_000, min: 1 },
  maxAge: { type: 'duration', describe: 'Older messages are dropped instead of sent; 0: none are.', default: '7d' },
  onFull: {
    type: 'string',
    choices: ['drop-oldest', 'drop-newest', 'block'],
    default: 'drop-oldest',
    describe: 'What happens when it is full. block: publishes to its topics are refused until there is room.',
  },
}

export const retryOptions: OptionsSpec = {
  attempts: {
    type: 'number',
    words: { forever: 0 },
    min: 0,
    default: 'forever',
    describe: 'How often a message is sent before it becomes a dead letter.',
  },
  backoff: {
    type: 'duration',
    range: true,
    default: '200ms..30s',
    describe:
      'The pause after a failed attempt: the first and the longest; each up to twice as long as the one before.',
  },
}

export const rejectOptions: OptionsSpec = {
  dlq: { type: 'string', describe: 'The topic of dead letters. Default: `$dlq/` and the name of the bridge.' },
  max: { type: 'bytes', describe: 'Bytes of dead letters that are kept; the oldest leave.', default: '100MB', min: 1 },
}

export const publishOptions: OptionsSpec = {
  topic: { type: 'template', required: true, describe: 'Where a record is published.' },
  payload: { type: 'document', default: '${value}', describe: 'What is published: bytes, or a map that becomes JSON.' },
  qos: { type: 'number', min: 0, max: 2, default: 1, describe: 'With which guarantee. 0: nothing is stored for it.' },
  retain: { type: 'boolean', default: false, describe: "Whether it becomes the topic's retained value." },
  headers: {
    type: 'map',
    of: { type: 'template', describe: 'One value.' },
    describe: "User properties. Default: the record's headers.",
  },
}

interface Common {
  readonly name: string
  readonly tenant: string
  readonly connection: string
  /** False: it is known, and does not run. */
  readonly enabled: boolean
  readonly retry: { readonly attempts: number; readonly backoff: { readonly from: number; readonly to: number } }
  readonly onReject: { readonly dlq: string; readonly max: number }
  /** What tells one state of the configuration from another. */
  readonly fingerprint: string
}

export interface EgressOptions extends Common {
  readonly direction: 'egress'
  readonly filters: readonly string[]
  readonly when: Condition | undefined
  readonly to: Readonly<Record<string, unknown>>
  readonly delivery: Readonly<Record<string, unknown>> & {
    readonly linger: number
    readonly batch: number
    readonly batchMessages: number
  }
  readonly buffer: {
    readonly store: 'disk' | 'memory'
    readonly max: number
    readonly maxMessages: number
    readonly maxAge: number
    readonly onFull: 'drop-oldest' | 'drop-newest' | 'block'
  }
}

export interface IngressOptions extends Common {
  readonly direction: 'ingress'
  readonly from: Readonly<Record<string, unknown>>
  readonly publish: {
    readonly topic: Template
    readonly payload: DocumentTemplate
    readonly qos: Guarantee
    readonly retain: boolean
    readonly headers?: Readonly<Record<string, Template>>
  }
}

export type BridgeOptions = EgressOptions | IngressOptions

const nameOption: OptionsSpec = { connection: { type: 'string', required: true, describe: 'One of `connections`.' } }

const commonOptions = {
  tenant: { type: 'string', default: defaultTenant, describe: 'Whose topics these are.' },
  enabled: { type: 'boolean', default: true, describe: 'false: as if it were not there, but checked.' },
  retry: { type: 'object', fields: retryOptions, default: {}, describe: 'What follows a failed attempt.' },
  onReject: {
    type: 'object',
    fields: rejectOptions,
    default: {},
    describe: 'Where messages go that can never be sent: too large, an unknown topic, a missing path.',
  },
} as const satisfies OptionsSpec

/** `egress` itself. */
export const filtersOption: Option = {
  type: 'list',
  of: { type: 'string', describe: 'One topic filter.' },
  required: true,
  describe: 'Which messages go out: one topic filter or a list of them, all of guarantee 0 included.',
}

/** Everything an egress of this plugin may say, but for `egress` itself. */
export function egressSpec({ to, delivery }: Pick<AnyBridgePlugin, 'to' | 'delivery'>): OptionsSpec {
  return {
    when: { type: 'condition', describe: 'Only messages for which this holds, such as `${payload.temp} > 40`.' },
    to: {
      type: 'object',
      fields: { ...nameOption, ...to },
      required: true,
      describe: 'Where to, and what becomes of a message there.',
    },
    delivery: {
      type: 'object',
      fields: { ...deliveryOptions, ...delivery },
      default: {},
      describe: 'How it is sent.',
    },
    buffer: {
      type: 'object',
      fields: bufferOptions,
      default: {},
      describe: 'Where messages wait until they are sent.',
    },
    ...commonOptions,
  }
}

/** Everything an ingress of this plugin may say. */
export function ingressSpec({ from }: Pick<AnyBridgePlugin, 'from'>): OptionsSpec {
  return {
    ingress: {
      type: 'object',
      fields: { ...nameOption, ...from },
      required: true,
      describe: 'Where records come from.',
    },
    publish: {
      type: 'object',
      fields: publishOptions,
      required: true,
      describe: 'What becomes of a record.',
    },
    ...commonOptions,
  }
}

/** The connection that a bridge names; undefined when it names none. */
export function connectionOf(given: Readonly<Record<string, unknown>>): string | undefined {
  const side: unknown = 'egress' in given ? given.to : given.ingress
  if (typeof side !== 'object' || side === null) return undefined
  const { connection } = side as { readonly connection?: unknown }
  return typeof connection === 'string' ? connection : undefined
}

/**
 * Checks a bridge against the kernel's description and the plugin's own.
 * @throws BrokerError CONFIG_INVALID naming the bridge, the option, and what was expected.
 */
export function resolveBridge(
  name: string,
  given: Readonly<Record<string, unknown>>,
  connections: BridgingOptions['connections'],
): BridgeOptions {
  const owner = `bridge "${name}"`
  const fault = (what: string) => new BrokerError('CONFIG_INVALID', `${owner}: ${what}`)
  if (!bridgeName.test(name)) throw fault('expected a name of small letters, digits, "-" and "_"')
  const connection = connectionOf(given)
  if (connection === undefined) throw fault('needs "egress" and "to", or "ingress" and "publish", with a connection')
  const chosen = Object.hasOwn(connections, connection) ? connections[connection] : undefined
  if (!chosen)
    throw fault(`names connection "${connection}"; known are ${Object.keys(connections).join(', ') || 'none'}`)
  const { plugin } = chosen
  const { egress, ...rest } = given
  const direction = egress === undefined ? 'ingress' : 'egress'
  if ((direction === 'egress' ? plugin.to : plugin.from) === undefined) {
    throw fault(`connection "${connection}" is of type ${plugin.name}, which has no ${direction}`)
  }
  const resolved = resolveFor(owner, direction === 'egress' ? egressSpec(plugin) : ingressSpec(plugin), rest)
  const common = { name, connection, fingerprint: JSON.stringify([given, chosen.options ?? {}]) }
  return direction === 'egress'
    ? asEgress(resolved as ResolvedEgress, common, filtersOf(egress, fault))
    : asIngress(resolved as ResolvedIngress, common)
}

export const bridgeName = /^[a-z0-9][a-z0-9_-]{0,63}$/

type Resolved = Pick<Common, 'tenant' | 'enabled' | 'retry'> & {
  readonly onReject: { readonly dlq?: string; readonly max: number }
}
type ResolvedEgress = Resolved &
  Pick<EgressOptions, 'delivery' | 'buffer'> & { readonly when?: Condition; readonly to: Record<string, unknown> }
type ResolvedIngress = Resolved &
  Pick<IngressOptions, 'publish'> & { readonly ingress: Readonly<Record<string, unknown>> }
type Named = Pick<Common, 'name' | 'connection' | 'fingerprint'>

function asEgress(resolved: ResolvedEgress, named: Named, filters: readonly string[]): EgressOptions {
  const { to, when, ...rest } = resolved
  const { connection: _, ...target } = to
  return { direction: 'egress', ...rest, ...named, onReject: withTopic(rest, named), filters, when, to: target }
}

function asIngress({ ingress, ...rest }: ResolvedIngress, named: Named): IngressOptions {
  const { connection: _, ...from } = ingress
  return { direction: 'ingress', ...rest, ...named, onReject: withTopic(rest, named), from }
}

function withTopic({ onReject }: Resolved, { name }: Named): Common['onReject'] {
  return { dlq: onReject.dlq ?? `$dlq/${name}`, max: onReject.max }
}

function filtersOf(egress: unknown, fault: (what: string) => BrokerError): readonly string[] {
  const filters: readonly unknown[] = Array.isArray(egress) ? egress : [egress]
  if (filters.length === 0 || !filters.every(isText)) throw fault('"egress" must be one filter or a list of them')
  return filters
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}
