import type { Option } from '../contract/plugin.ts'

/** What may be chosen on this machine. */
export function usableChoices({ choices, missing = {} }: Option): readonly string[] | undefined {
  return choices?.filter(one => !Object.hasOwn(missing, one))
}

/** Why a choice that is known cannot be had here. */
export function missingChoice({ missing = {} }: Option, value: string): string | undefined {
  return Object.hasOwn(missing, value) ? `"${value}" needs ${missing[value]}` : undefined
}
