import type { RE2JS } from 're2js'
import { BrokerError } from '../../../kernel/plugin.ts'
import type { RewriteRule } from '../options.ts'

interface Rule {
  readonly action: RewriteRule['action']
  /** The filter's levels. */
  readonly levels: readonly string[]
  readonly match: RE2JS | undefined
  readonly to: string
}

/**
 * Replaces topics as they arrive. Regular expressions run in time linear in the topic's length, whatever was
 * configured: RE2 knows no back-references and no look-around.
 */
export class Rewriter {
  readonly #rules: readonly Rule[]

  private constructor(rules: readonly Rule[]) {
    this.#rules = rules
  }

  /** @throws BrokerError CONFIG_INVALID for an expression that is none. */
  static async open(rules: readonly RewriteRule[]): Promise<Rewriter> {
    // Most brokers have no such rule, and then need no second engine for expressions.
    const engine = rules.some(({ match }) => match !== undefined) ? (await import('re2js')).RE2JS : undefined
    return new Rewriter(rules.map((rule, i) => compile(rule, i, engine)))
  }

  get empty(): boolean {
    return this.#rules.length === 0
  }

  publish(topic: string, clientId: string, user: string | undefined): string {
    return this.#rewrite('publish', topic, clientId, user)
  }

  subscribe(filter: string, clientId: string, user: string | undefined): string {
    return this.#rewrite('subscribe', filter, clientId, user)
  }

  /** All rules are tried against the topic as it came; the last that matches wins. */
  #rewrite(action: 'publish' | 'subscribe', topic: string, clientId: string, user: string | undefined): string {
    let rewritten = topic
    for (const rule of this.#rules) {
      if (rule.action !== action && rule.action !== 'all') continue
      const groups = match(rule, topic)
      if (groups) rewritten = fill(rule.to, groups, clientId, user) ?? rewritten
    }
    return rewritten
  }
}

function compile(rule: RewriteRule, index: number, engine: typeof RE2JS | undefined): Rule {
  try {
    const match = rule.match === undefined ? undefined : engine?.compile(rule.match)
    return { action: rule.action, levels: rule.filter.split('/'), match, to: rule.to }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new BrokerError('CONFIG_INVALID', `rewrite[${index}].match "${rule.match}": ${why}`, { cause: error })
  }
}

/** What the rule's groups stand for, the whole topic first; undefined when it does not match. */
function match(rule: Rule, topic: string): string[] | undefined {
  const captured = capture(rule.levels, topic.split('/'))
  if (!captured) return undefined
  if (!rule.match) return [topic, ...captured]
  const matcher = rule.match.matcher(topic)
  if (!matcher.find()) return undefined
  const groups: string[] = []
  for (let i = 0; i <= matcher.groupCount(); i++) groups.push(matcher.group(i) ?? '')
  return groups
}

/** What each wildcard of the filter stands for in the topic, or in a filter that it covers level by level. */
function capture(filter: readonly string[], topic: readonly string[]): string[] | undefined {
  if (topic[0]?.startsWith('$') && (filter[0] === '+' || filter[0] === '#')) return undefined
  const captured: string[] = []
  for (const [i, level] of filter.entries()) {
    if (level === '#') return [...captured, topic.slice(i).join('/')]
    const actual = topic[i]
    if (actual === undefined) return undefined
    // A `+` does not stand for all that a filter's `#` reaches.
    if (level === '+' && actual !== '#') captured.push(actual)
    else if (level !== actual) return undefined
  }
  return filter.length === topic.length ? captured : undefined
}

/** Undefined when a client's own name would add a level or a wildcard, or lead to a topic of the server. */
function fill(to: string, groups: readonly string[], clientId: string, user: string | undefined): string | undefined {
  let sound = true
  const filled = to.replace(/\$(\d)|\$\{(clientid|username)\}/g, (_, group: string | undefined, name: string) => {
    if (group !== undefined) return groups[Number(group)] ?? ''
    const value = name === 'clientid' ? clientId : (user ?? '')
    if (value === '' || /[+#/]/.test(value)) sound = false
    return value
  })
  if (to.startsWith('${') && filled.startsWith('$')) sound = false
  return sound ? filled : undefined
}
