import { isUtf8 } from 'node:buffer'
import { Rejected, type Scope, type Template } from '../../contract/scope.ts'
import { type Expression, readExpression, type Value } from './path.ts'
import { Reader } from './reader.ts'

/**
 * Text with `${paths}`; `$${` stands for `${`.
 * @throws LanguageError
 */
export function compileTemplate(source: string): Template {
  const parts = readParts(source)
  const [first] = parts
  if (parts.every(part => typeof part === 'string')) {
    const constant = parts.join('')
    return { source, constant, render: () => constant, text: () => constant }
  }
  if (parts.length === 1 && first !== undefined && typeof first !== 'string') {
    return {
      source,
      constant: undefined,
      render: scope => renderAlone(first, scope),
      text: scope => renderText(first, scope),
    }
  }
  const text = (scope: Scope): string | undefined | Rejected => join(parts, scope)
  return { source, constant: undefined, render: text, text }
}

/** Texts and expressions in their order; no two texts follow each other. */
export function readParts(source: string): readonly (string | Expression)[] {
  const reader = new Reader(source)
  const parts: (string | Expression)[] = []
  let text = ''
  while (!reader.ended) {
    if (reader.take('$${')) text += '${'
    else if (reader.take('${')) {
      if (text !== '') parts.push(text)
      text = ''
      parts.push(readExpression(reader))
    } else text += source[reader.at++]
  }
  if (text !== '') parts.push(text)
  return parts
}

function renderAlone(expression: Expression, scope: Scope): Uint8Array | string | undefined | Rejected {
  const value = expression.resolve(scope)
  return value instanceof Uint8Array ? value : textOrMissing(expression, value, scope)
}

function renderText(expression: Expression, scope: Scope): string | undefined | Rejected {
  return textOrMissing(expression, expression.resolve(scope), scope)
}

function join(parts: readonly (string | Expression)[], scope: Scope): string | undefined | Rejected {
  let joined = ''
  for (const part of parts) {
    const text = typeof part === 'string' ? part : renderText(part, scope)
    if (typeof text !== 'string') return text
    joined += text
  }
  return joined
}

function textOrMissing(expression: Expression, value: Value, scope: Scope): string | undefined | Rejected {
  if (value === undefined || value === null) return expression.optional ? undefined : expression.missing(scope)
  return textOf(value) ?? new Rejected('NOT_TEXT', `\${${expression.source}} is not text in UTF-8`)
}

/** Undefined for bytes that are no text. */
export function textOf(value: NonNullable<Value>): string | undefined {
  if (typeof value === 'string') return value
  if (value instanceof Uint8Array) return isUtf8(value) ? viewOf(value).toString('utf8') : undefined
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

function viewOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
