import { isChosen, keyOf, type Option, optionsWithin } from './options.ts'

/** A connection or bridge while it is being written. */
export type Entry = Readonly<Record<string, unknown>>

export function isEntry(value: unknown): value is Entry {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** `name`: `tls.ca` */
export function valueAt(entry: Entry, name: string): unknown {
  return name.split('.').reduce<unknown>((value, step) => (isEntry(value) ? value[step] : undefined), entry)
}

/** With another value there; undefined: with none. */
export function withValue(entry: Entry, name: string, value: unknown): Entry {
  const [step = '', ...rest] = name.split('.')
  const { [step]: before, ...others } = entry
  if (rest.length > 0) return { ...entry, [step]: withValue(isEntry(before) ? before : {}, rest.join('.'), value) }
  return value === undefined ? others : { ...entry, [step]: value }
}

/** As it is sent: only what its options know, and nothing of what was left empty. */
export function filledIn(entry: Entry, options: readonly Option[], parent = ''): Entry {
  const filled = optionsWithin(options, parent).flatMap(option => {
    const key = keyOf(option)
    const value = filledValue(entry[key], option, options)
    return value === undefined ? [] : [[key, value] as const]
  })
  return Object.fromEntries(filled)
}

function filledValue(value: unknown, option: Option, options: readonly Option[]): unknown {
  const { name, type, required } = option
  if (type === 'object' && optionsWithin(options, name).length > 0) {
    const inner = filledIn(isEntry(value) ? value : {}, options, name)
    const meant = required || (value !== undefined && isChosen(option))
    return meant || Object.keys(inner).length > 0 ? inner : undefined
  }
  if (Array.isArray(value)) {
    const elements = value.filter(element => element !== '')
    return elements.length > 0 ? elements : undefined
  }
  return value === '' || (isEntry(value) && Object.keys(value).length === 0) ? undefined : value
}
