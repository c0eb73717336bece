import type { AnyBridgePlugin } from '../kernel/bridging/bridge-options.ts'
import type { AuthPlugin, Option, ProtocolPlugin, StoragePlugin } from '../kernel/plugin.ts'

/** A plugin's options differ from plugin to plugin; whoever opens it has them checked against its own description. */
export type AnyPlugin = ProtocolPlugin<never> | StoragePlugin<never> | AuthPlugin<never> | AnyBridgePlugin

/** The version of the contract that this server knows. */
const api = 1

const kinds = ['protocol', 'storage', 'auth', 'bridge'] as const satisfies readonly AnyPlugin['kind'][]

const optionTypes = [
  ...['string', 'number', 'boolean', 'duration', 'bytes', 'file', 'template', 'document', 'condition'],
  ...['list', 'map', 'object'],
] as readonly unknown[]

const optionDepthLimit = 16

/** Whether this is meant to be a plugin at all: a module may export other things beside. */
export function isPluginLike(value: unknown): value is { readonly kind: unknown; readonly open: unknown } {
  return isObject(value) && typeof value.kind === 'string' && typeof value.open === 'function'
}

/** What keeps this from being a plugin of this contract, and what to do about it; undefined when nothing does. */
export function pluginFault(plugin: object): string | undefined {
  const { kind, name, api: version, options } = plugin as Readonly<Record<string, unknown>>
  const known: readonly unknown[] = kinds
  if (typeof name !== 'string' || !/^[a-z0-9-]{1,64}$/.test(name))
    return `its plugin has the name ${quote(name)}; expected 1 to 64 small letters, digits and "-"`
  if (!known.includes(kind))
    return `its plugin "${name}" is of kind ${quote(kind)}; expected one of ${kinds.join(', ')}`
  if (version !== api)
    return `its plugin "${name}" is written for version ${quote(version)} of the contract, and this server knows ${api}; take a version of it that fits`
  return specFault(`the options of its plugin "${name}"`, options, kind === 'protocol' ? [] : ['type'], 0)
}

/** `taken`: names that mean something else where these options are written. */
function specFault(of: string, spec: unknown, taken: readonly string[], depth: number): string | undefined {
  if (!isObject(spec) || Array.isArray(spec) || depth > optionDepthLimit)
    return `${of} are not described: expected an object of them, {} when there are none`
  for (const [name, option] of Object.entries(spec)) {
    const fault = taken.includes(name) ? 'has a name that is taken' : optionFault(option, depth)
    if (fault !== undefined) return `${of}: "${name}" ${fault}`
  }
  return undefined
}

function optionFault(option: unknown, depth: number): string | undefined {
  if (!isObject(option)) return 'is not described'
  const { type, describe, choices, of, fields } = option as Partial<Option>
  if (!optionTypes.includes(type)) return `has the type ${quote(type)}; expected one of ${optionTypes.join(', ')}`
  if (typeof describe !== 'string') return 'has no "describe": one sentence for those who set it'
  if (choices !== undefined && !(Array.isArray(choices) && choices.length > 0)) return 'has no choices in its "choices"'
  if (of !== undefined && depth < optionDepthLimit) return optionFault(of, depth + 1)
  return fields === undefined ? undefined : specFault('its fields', fields, [], depth + 1)
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

function quote(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? JSON.stringify(value).slice(0, 80) : `${typeof value}`
}
