import { type Field, fieldsOf, type Schema, typeOf } from './fields.ts'
import { style } from './style.ts'

interface Body {
  readonly content?: Readonly<Record<string, { readonly schema: Schema }>>
}

interface Operation {
  readonly operationId: string
  readonly tags: readonly string[]
  readonly summary: string
  readonly 'x-role': string
  readonly parameters: readonly {
    readonly name: string
    readonly in: string
    readonly required: boolean
    readonly description?: string
    readonly schema: Schema
  }[]
  readonly requestBody?: Body
  readonly responses: Readonly<Record<string, Body>>
}

export interface ApiDocument {
  readonly info: { readonly title: string; readonly version: string }
  readonly tags: readonly { readonly name: string }[]
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}

interface Listed extends Operation {
  readonly method: string
  readonly path: string
}

/** The page of the API: everything of the OpenAPI document, in one file of HTML without a script. */
export function docsPage({ info, tags, paths }: ApiDocument): string {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ ...operation, method: method.toUpperCase(), path })),
  )
  const groups = tags.map(({ name }) => {
    return { name, operations: operations.filter(operation => operation.tags.includes(name)) }
  })
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(info.title)} HTTP API</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<nav aria-label="Groups">
<h2>Groups</h2>
<ul>${groups.map(({ name }) => `<li><a href="#${escaped(name)}">${escaped(name)}</a></li>`).join('')}</ul>
</nav>
<main>
<h1>${escaped(info.title)} HTTP API <small>${escaped(info.version)}</small></h1>
<p>Programs send an API key: <code>Authorization: Bearer rmq_…</code>. One thing is answered as <code>{"data": …}</code>, a list as
<code>{"data": […], "meta": {"next": …, "count": …}}</code>, a failure as a problem document (RFC 9457).
All of this for programs: <a href="/openapi.json">openapi.json</a>.</p>
${groups.map(({ name, operations }) => section(name, operations)).join('\n')}
</main>
</body>
</html>
`
}

function section(name: string, operations: readonly Listed[]): string {
  return `<section id="${escaped(name)}"><h2>${escaped(name)}</h2>\n${operations.map(shown).join('\n')}</section>`
}

function shown(operation: Listed): string {
  const { method, path, summary, operationId, parameters, requestBody, responses } = operation
  const asked = parameters.map(({ name, in: where, required, description = '', schema }) => {
    const standard = schema.default === undefined ? '' : ` Default: ${JSON.stringify(schema.default)}.`
    return { name: `${name} (${where})`, type: typeOf(schema), required, text: `${description}${standard}` }
  })
  const [status = '', done] = Object.entries(responses)[0] ?? []
  return `<details id="${escaped(operationId)}">
<summary><span class="method ${method.toLowerCase()}">${method}</span> <code>${escaped(path)}</code> <span>${escaped(summary)}</span></summary>
<p>Needs the role <strong>${escaped(operation['x-role'])}</strong>; answers with ${escaped(status)}.</p>
${table('Parameters', asked)}
${bodyOf('Body', requestBody)}
${bodyOf('Answer', done)}
</details>`
}

function bodyOf(title: string, body: Body | undefined): string {
  const [type = '', content] = Object.entries(body?.content ?? {})[0] ?? []
  if (!content) return ''
  const fields = fieldsOf(content.schema)
  if (fields.length > 0) return table(title, fields)
  return `<h3>${title}</h3><p>${escaped(type)}: ${escaped(typeOf(content.schema))}</p>`
}

function table(title: string, fields: readonly Field[]): string {
  if (fields.length === 0) return ''
  const rows = fields.map(({ name, type, required, text }) => {
    const must = required ? '<strong>yes</strong>' : ''
    return `<tr><td><code>${escaped(name)}</code></td><td>${escaped(type)}</td><td>${must}</td><td>${prose(text)}</td></tr>`
  })
  const head =
    '<tr><th scope="col">Name</th><th scope="col">Type</th><th scope="col">Required</th><th scope="col">What</th></tr>'
  return `<h3>${title}</h3><div class="scroll"><table><thead>${head}</thead><tbody>${rows.join('')}</tbody></table></div>`
}

/** What stands in backticks is code. */
function prose(text: string): string {
  return escaped(text).replace(/`([^`]+)`/g, '<code>$1</code>')
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)
}
