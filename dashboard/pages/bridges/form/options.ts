import type { Routes } from '../../../api/routes.ts'

export type BridgeType = Routes['GET /bridge-types']['answer'][number]
/** One option, as its plugin describes it. */
export type Option = BridgeType['connection'][number]
export type Direction = 'egress' | 'ingress'

/** The options right below one, or at the top. */
export function optionsWithin(options: readonly Option[], parent: string): readonly Option[] {
  const prefix = parent === '' ? '' : `${parent}.`
  return options.filter(({ name }) => name.startsWith(prefix) && /^\w+$/.test(name.slice(prefix.length)))
}

/** What the elements of a list or the values of a map are. */
export function elementOf(options: readonly Option[], { name, type }: Option): Option | undefined {
  const element = type === 'list' ? `${name}[]` : `${name}.<name>`
  return options.find(one => one.name === element)
}

/** The key under which it stands in its section. */
export function keyOf({ name }: Option): string {
  return name.slice(name.lastIndexOf('.') + 1)
}

/** A section that means something by being there, such as `tls`. */
export function isChosen({ type, required, default: standard }: Option): boolean {
  return type === 'object' && !required && standard === undefined
}

export function directionsOf(type: BridgeType): readonly Direction[] {
  return (['egress', 'ingress'] as const).filter(direction => type[direction] !== null)
}

/** Where a bridge names its connection: chosen in a step of its own. */
export const connectionOption = { egress: 'to.connection', ingress: 'ingress.connection' } as const
