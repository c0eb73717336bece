import { parse, stringify } from 'yaml'

/** JSON is YAML, too. @throws Error that tells the line */
export function fromYaml(text: string): unknown {
  return parse(text)
}

export function toYaml(value: unknown): string {
  return stringify(value).trimEnd()
}
