import { isEntry } from './entry.ts'
import type { Option } from './options.ts'

/** How a value of several lines is written by people: `parse` throws what is wrong with the text. */
export interface AreaText {
  write(value: unknown): string
  parse(text: string): unknown
}

const plainTypes: readonly Option['type'][] = ['string', 'number', 'boolean', 'duration', 'bytes', 'file', 'template']

/** Undefined: one line is enough for it. */
export function areaTextOf({ type }: Option, element: Option | undefined): AreaText | undefined {
  const plain = element !== undefined && plainTypes.includes(element.type)
  if (type === 'list') return plain ? lines : json
  if (type === 'map') return plain ? pairs : json
  if (type === 'object') return json
  return type === 'document' ? documentText : undefined
}

const lines: AreaText = {
  write: value => (value === undefined ? '' : [value].flat().join('\n')),
  parse: text => text.split('\n').map(line => line.trim()),
}

/** `name: value`, a line each. */
const pairs: AreaText = {
  write: value =>
    isEntry(value)
      ? Object.entries(value)
          .map(([name, one]) => `${name}: ${String(one)}`)
          .join('\n')
      : '',
  parse: text => {
    const written = text.split('\n').filter(line => line.trim() !== '')
    return Object.fromEntries(
      written.map(line => {
        const [, name, value] = /^\s*([^:]*[^:\s])\s*:\s*(.*?)\s*$/.exec(line) ?? []
        if (name === undefined) throw new SyntaxError(line)
        return [name, value]
      }),
    )
  },
}

const json: AreaText = {
  write: value => (value === undefined ? '' : JSON.stringify(value, null, 2)),
  parse: text => (text.trim() === '' ? undefined : JSON.parse(text)),
}

/** A template, or JSON. */
const documentText: AreaText = {
  write: value => (typeof value === 'string' ? value : json.write(value)),
  parse: text => (/^\s*[{[]/.test(text) ? JSON.parse(text) : text),
}
