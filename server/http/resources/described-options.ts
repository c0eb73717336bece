import { z } from 'zod'
import type { Option, OptionsSpec } from '../../../kernel/plugin.ts'
import { formatBytes, formatDuration } from '../../config/units.ts'

/** One option of a plugin, for whoever makes a form of it. */
export const describedOption = z.strictObject({
  name: z
    .string()
    .describe(
      '`tls.ca`: a field of the object `tls`. `brokers[]`: each element. `headers.<name>`: each value of a map.',
    ),
  type: z.enum([
    ...(['string', 'number', 'boolean', 'duration', 'bytes', 'file', 'template', 'document', 'condition'] as const),
    ...(['list', 'map', 'object'] as const),
  ]),
  describe: z.string(),
  required: z.boolean(),
  secret: z.boolean(),
  default: z.unknown().optional().describe('As it would be written.'),
  values: z.array(z.string()).optional().describe('Nothing else is taken.'),
  missing: z.record(z.string(), z.string()).optional().describe('Of the values: those this server lacks, and why.'),
  words: z.array(z.string()).optional().describe('Of a number: words that stand for some.'),
  range: z.boolean().optional().describe('Of a duration: two of them, as in `200ms..30s`.'),
  unit: z.enum(['ms', 'bytes']).optional().describe('Of `min`, `max`, and of a value that is a plain number.'),
  min: z.number().optional().describe('Of a text: of its length.'),
  max: z.number().optional(),
})

export type DescribedOption = z.output<typeof describedOption>

/** All of them in a row, each before what is in it. */
export function describedOptions(spec: OptionsSpec, prefix = ''): DescribedOption[] {
  return Object.entries(spec).flatMap(([name, option]) => described(`${prefix}${name}`, option))
}

function described(name: string, option: Option): DescribedOption[] {
  const { of, fields } = option
  const inner = of && described(option.type === 'list' ? `${name}[]` : `${name}.<name>`, of)
  return [own(name, option), ...(inner ?? []), ...(fields ? describedOptions(fields, `${name}.`) : [])]
}

function own(name: string, option: Option): DescribedOption {
  const { type, describe, required = false, secret = false, choices, missing, words, range, min, max } = option
  return {
    ...{ name, type, describe, required, secret },
    ...(option.default !== undefined && { default: written(option) }),
    ...(choices && { values: [...choices] }),
    ...(missing && Object.keys(missing).length > 0 && { missing: { ...missing } }),
    ...(words && { words: Object.keys(words) }),
    ...(range && { range }),
    ...(type === 'duration' && { unit: 'ms' as const }),
    ...(type === 'bytes' && { unit: 'bytes' as const }),
    ...(min !== undefined && { min }),
    ...(max !== undefined && { max }),
  }
}

function written({ type, default: value }: Option): unknown {
  if (typeof value !== 'number') return value
  return type === 'duration' ? formatDuration(value) : type === 'bytes' ? formatBytes(value) : value
}
