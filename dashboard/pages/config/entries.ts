import type { Row } from '../../api/client.ts'

export type Entry = Row<'GET /config'>

/** What is changed as one: a list with all that is in it, `access.rules` for `access.rules[0].effect`. */
export function keyOf({ path }: Entry): string {
  return path.replace(/\[.*$/, '')
}

/** It was changed while the server ran, and that can be taken back. */
export function isChanged({ from }: Entry): boolean {
  return from.endsWith('settings.json')
}

/** The value of a key as somebody would write it; what is in a list is put together from its entries. */
export function writtenValue(entries: readonly Entry[], key: string): string {
  const own = entries.find(({ path }) => path === key)
  if (own) return own.value
  let whole: unknown
  for (const { path, value } of entries)
    if (path.startsWith(`${key}[`)) whole = placed(whole, stepsOf(path.slice(key.length)), parsed(value))
  return JSON.stringify(whole ?? [], undefined, 2)
}

/** JSON where it is; otherwise the text itself, as in the file of the configuration. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** `[0].filters[1]` -> 0, 'filters', 1 */
function stepsOf(path: string): readonly (string | number)[] {
  return [...path.matchAll(/\[(\d+)\]|\.([^.[]+)/g)].map(([, index, name]) =>
    index === undefined ? (name ?? '') : Number(index),
  )
}

function placed(into: unknown, [step, ...rest]: readonly (string | number)[], value: unknown): unknown {
  if (step === undefined) return value
  if (typeof step === 'number') {
    const list = Array.isArray(into) ? [...into] : []
    list[step] = placed(list[step], rest, value)
    return list
  }
  const section = (into ?? {}) as Readonly<Record<string, unknown>>
  return { ...section, [step]: placed(section[step], rest, value) }
}
