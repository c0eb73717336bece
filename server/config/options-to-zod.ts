import { z } from 'zod'
import { missingChoice, type Option, type OptionsSpec, usableChoices } from '../../kernel/plugin.ts'
import { bytes, duration, durationRange, file, language, number, wordOrNumber } from './leaves.ts'

/** A plugin's own description of its options, as a schema like that of the broker's own keys. */
export function optionsToFields(spec: OptionsSpec, absolute: (path: string) => string): Record<string, z.ZodType> {
  return Object.fromEntries(Object.entries(spec).map(([name, option]) => [name, optionToZod(option, absolute)]))
}

function optionToZod(option: Option, absolute: (path: string) => string): z.ZodType {
  let schema = bare(option, absolute).describe(option.describe)
  if (option.secret) schema = schema.meta({ ...z.globalRegistry.get(schema), secret: true })
  if (option.default !== undefined) return schema.prefault(option.default as never)
  return option.required ? schema : schema.optional()
}

function bare(option: Option, absolute: (path: string) => string): z.ZodType {
  switch (option.type) {
    case 'string':
      return option.choices ? choice(option) : text(option)
    case 'number':
      return option.words ? wordOrNumber(Object.keys(option.words), option) : number(option, true)
    case 'boolean':
      return z.boolean()
    case 'duration':
      return option.range ? durationRange() : duration(option)
    case 'bytes':
      return bytes(option)
    case 'file':
      return file(absolute)
    case 'template':
    case 'document':
    case 'condition':
      return language(option.type)
    case 'list':
      return z.array(option.of ? optionToZod({ required: true, ...option.of }, absolute) : z.unknown())
    case 'map':
      return z.record(z.string(), option.of ? optionToZod({ required: true, ...option.of }, absolute) : z.unknown())
    case 'object':
      return option.fields ? z.strictObject(optionsToFields(option.fields, absolute)) : z.looseObject({})
  }
}

/** Documented whole; what this machine lacks is refused with what it would need. */
function choice(option: Option): z.ZodType {
  return z.enum(option.choices as [string, ...string[]]).superRefine((value, { addIssue }) => {
    const lacks = missingChoice(option, value)
    if (lacks === undefined) return
    addIssue({ code: 'custom', message: `expected one of ${usableChoices(option)?.join(', ')}: ${lacks}` })
  })
}

/** `min` and `max` of a string bound its length. */
function text({ min, max }: Option): z.ZodString {
  let schema = z.string()
  if (min !== undefined) schema = schema.min(min)
  if (max !== undefined) schema = schema.max(max)
  return schema
}
