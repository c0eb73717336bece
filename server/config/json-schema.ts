import { z } from 'zod'
import type { Catalogue } from '../catalogue.ts'
import { loadAll, specsOf } from './plugin-choice.ts'
import { configSchema } from './schema.ts'

/** The configuration as JSON Schema, for editors: `# yaml-language-server: $schema=robustmq.schema.json`. */
export async function configJsonSchema(catalogue: Catalogue): Promise<Record<string, unknown>> {
  const schema = await describedSchema(catalogue, 'editor')
  const json = z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ jsonSchema }) => {
      // Ours, and of no use to an editor.
      delete jsonSchema.unit
      delete jsonSchema.file
      delete jsonSchema.language
      if (jsonSchema.secret) jsonSchema.writeOnly = true
      delete jsonSchema.secret
    },
  }) as Record<string, unknown>
  return { ...json, title: 'robustmq.yaml' }
}

/** The schema with the options of every plugin there is. */
export async function describedSchema(
  catalogue: Catalogue,
  use: 'reference' | 'editor',
): Promise<ReturnType<typeof configSchema>> {
  return configSchema(specsOf(catalogue, await loadAll(catalogue)), path => path, use)
}
