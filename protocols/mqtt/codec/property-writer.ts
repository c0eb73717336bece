import type { Properties, UserProperty } from './properties.ts'
import { noProperties } from './properties.ts'
import type { PropertySpec } from './property-table.ts'
import { propertyTable } from './property-table.ts'
import { textSize, variableSize, writeBinary, writeText, writeUint16, writeVariable } from './writer.ts'

const specs = new Map<string, PropertySpec>()
for (const spec of propertyTable) specs.set(spec.name, spec)

/** The longest text or data that a property can hold. A longer one, from another protocol, is left out. */
const maxBytes = 0xffff

/** Bytes of the properties, without the length that precedes them. */
export function propertiesSize(properties: Properties | undefined): number {
  if (properties === undefined || properties === noProperties) return 0
  let size = 0
  for (const name in properties) {
    const value = properties[name as keyof Properties]
    if (value !== undefined) size += propertySize(specOf(name), value)
  }
  return size
}

/** Writes the section: its length, which `propertiesSize` found, and the properties. Returns the position after it. */
export function writeProperties(
  buffer: Buffer,
  start: number,
  properties: Properties | undefined,
  size: number,
): number {
  let position = writeVariable(buffer, start, size)
  if (size === 0) return position
  for (const name in properties) {
    const value = properties[name as keyof Properties]
    if (value !== undefined) position = writeProperty(buffer, position, specOf(name), value)
  }
  return position
}

function specOf(name: string): PropertySpec {
  const spec = specs.get(name)
  if (spec === undefined) throw new Error(`there is no property "${name}"`)
  return spec
}

function propertySize(spec: PropertySpec, value: unknown): number {
  switch (spec.form) {
    case 'bit':
    case 'flag':
      return 2
    case 'uint16':
      return 3
    case 'uint32':
      return 5
    case 'variable':
      return (value as readonly number[]).reduce((size, item) => size + 1 + variableSize(item), 0)
    case 'text': {
      const bytes = textSize(value as string)
      return bytes - 2 > maxBytes ? 0 : 1 + bytes
    }
    case 'binary': {
      const bytes = (value as Uint8Array).length
      return bytes > maxBytes ? 0 : 3 + bytes
    }
    case 'pair':
      return (value as readonly UserProperty[]).reduce((size, pair) => size + pairSize(pair), 0)
  }
}

function pairSize(pair: UserProperty): number {
  const name = textSize(pair[0])
  const value = textSize(pair[1])
  return name - 2 > maxBytes || value - 2 > maxBytes ? 0 : 1 + name + value
}

function writeProperty(buffer: Buffer, start: number, spec: PropertySpec, value: unknown): number {
  const size = propertySize(spec, value)
  if (size === 0) return start
  let position = start
  switch (spec.form) {
    case 'bit':
    case 'flag':
      buffer[position++] = spec.id
      buffer[position++] = Number(value)
      return position
    case 'uint16':
      buffer[position++] = spec.id
      return writeUint16(buffer, position, value as number)
    case 'uint32':
      buffer[position++] = spec.id
      return buffer.writeUInt32BE(value as number, position)
    case 'variable':
      for (const item of value as readonly number[]) {
        buffer[position++] = spec.id
        position = writeVariable(buffer, position, item)
      }
      return position
    case 'text':
      buffer[position++] = spec.id
      return writeText(buffer, position, value as string)
    case 'binary':
      buffer[position++] = spec.id
      return writeBinary(buffer, position, value as Uint8Array)
    case 'pair':
      for (const pair of value as readonly UserProperty[]) {
        if (pairSize(pair) === 0) continue
        buffer[position++] = spec.id
        position = writeText(buffer, writeText(buffer, position, pair[0]), pair[1])
      }
      return position
  }
}
