import type { Rule } from '../contract/access.ts'

/** Rules that one answer may carry. */
export const maxAclEntries = 1_000

/**
 * Reads `[{ "permission": "allow", "action": "publish", "topic": "a/#" }, ..]`. `effect` stands for `permission`;
 * `filter`, or a list as `topics` or `filters`, for `topic`; `action` is publish, subscribe or all (the default).
 * Undefined when anything is not understood: half a list of rules would be another list.
 */
export function readAcl(acl: unknown): readonly Rule[] | undefined {
  if (!Array.isArray(acl) || acl.length > maxAclEntries) return undefined
  const rules: Rule[] = []
  for (const entry of acl) {
    const rule = readEntry(entry)
    if (rule === undefined) return undefined
    rules.push(rule)
  }
  return rules
}

const known = new Set(['permission', 'effect', 'action', 'topic', 'filter', 'topics', 'filters'])

function readEntry(entry: unknown): Rule | undefined {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) return undefined
  const fields = new Map<string, unknown>(Object.entries(entry))
  for (const name of fields.keys()) if (!known.has(name)) return undefined
  const effects = ['permission', 'effect'].filter(name => fields.has(name)).map(name => fields.get(name))
  const topics = ['topic', 'filter', 'topics', 'filters'].filter(name => fields.has(name)).map(name => fields.get(name))
  const [effect] = effects
  const [topic] = topics
  const action = fields.get('action') ?? 'all'
  if (effects.length !== 1 || (effect !== 'allow' && effect !== 'deny')) return undefined
  if (action !== 'publish' && action !== 'subscribe' && action !== 'all') return undefined
  if (topics.length > 1) return undefined
  if (topics.length === 0) return { effect, action }
  const filters: readonly unknown[] = Array.isArray(topic) ? topic : [topic]
  return filters.every(isText) ? { effect, action, filters } : undefined
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}
