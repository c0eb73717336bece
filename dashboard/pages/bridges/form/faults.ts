import { type FieldFault, Refused } from '../../../api/client.ts'
import type { Option } from './options.ts'

export type Faults = readonly FieldFault[]

export function faultsOf(error: Error | null): Faults {
  return error instanceof Refused ? error.errors : []
}

/** What is wrong with an option, or with anything in it that has no field of its own. */
export function faultAt(faults: Faults, option: Option): string | undefined {
  return faults.find(fault => isOf(fault, option))?.message
}

/** What no field tells; the whole refusal, where it names none. */
export function faultsElsewhere(error: Error | null, shown: readonly Option[]): readonly string[] {
  if (!(error instanceof Refused)) return []
  if (error.errors.length === 0) return [error.message]
  return error.errors
    .filter(fault => !shown.some(option => isOf(fault, option)))
    .map(({ pointer, message }) =>
      pointer.length > 1 ? `${pointer.slice(1).replaceAll('/', '.')}: ${message}` : message,
    )
}

function isOf({ in: where, pointer }: FieldFault, { name, type }: Option): boolean {
  const own = `/${name.replaceAll('.', '/')}`
  return where === 'body' && (pointer === own || (type !== 'object' && pointer.startsWith(`${own}/`)))
}
