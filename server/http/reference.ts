import { apiPrefix, schemaOf } from './openapi.ts'
import type { Route } from './route.ts'

type Json = Record<string, unknown>

/** The reference of the API, as Markdown. */
export function apiReference(routes: readonly Route[]): string {
  const groups = [...new Set(routes.map(({ group }) => group))]
  const sections = groups.map(group => {
    const rows = routes.filter(route => route.group === group).map(row)
    return `## ${group}\n\n| | | needs | takes |\n|---|---|---|---|\n${rows.join('\n')}\n`
  })
  return `${head}\n${sections.join('\n')}`
}

const head = `<!-- Made by \`robust-server api reference\`; do not edit. -->

# HTTP API

All paths are below \`${apiPrefix}\`. The OpenAPI document, with every field of every answer, is at \`/openapi.json\`.
[docs/guides/http-api.md](../guides/http-api.md) says how to log in and how answers look.

\`needs\` is the least role. In \`takes\`, fields of the query stand after \`?\`, those of the body in braces; what is in brackets may be left out.
`

function row({ method, path, summary, needs, query, body }: Route): string {
  const takes = [query && `?${fieldsOf(schemaOf(query, 'input'))}`, body && bodyOf(schemaOf(body, 'input'))]
  const shown = takes.filter(one => one !== undefined && one !== '?').join(' ')
  return `| \`${method} ${path}\` | ${summary} | ${needs} | ${shown} |`
}

function bodyOf(schema: Json): string {
  if (schema.type === 'array') return `[${bodyOf((schema.items ?? {}) as Json)}]`
  // Without fields of its own, the summary says what it is.
  return `{ ${fieldsOf(schema) || '...'} }`
}

function fieldsOf({ properties = {}, required = [] }: { properties?: Json; required?: string[] } & Json): string {
  return Object.keys(properties)
    .map(name => (required.includes(name) ? `\`${name}\`` : `[\`${name}\`]`))
    .join(' ')
}
