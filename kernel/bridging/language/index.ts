import type { Condition, DocumentTemplate, Template } from '../../contract/scope.ts'
import { compileCondition } from './condition.ts'
import { compileDocument } from './document.ts'
import { compileTemplate } from './template.ts'

export { compileCondition } from './condition.ts'
export { compileDocument, DocumentError } from './document.ts'
export { LanguageError } from './reader.ts'
export { compileTemplate } from './template.ts'

/** Types of options that look into messages. */
export type LanguageType = 'template' | 'document' | 'condition'

/** What an option of that type becomes. @throws LanguageError */
export function compile(type: LanguageType, value: unknown): Template | DocumentTemplate | Condition {
  if (type === 'document') return compileDocument(value)
  return type === 'template' ? compileTemplate(String(value)) : compileCondition(String(value))
}
