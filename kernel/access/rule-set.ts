import type { Rule } from '../contract/access.ts'
import { BrokerError } from '../contract/errors.ts'
import { isCidr, matchesCidr } from '../net/cidr.ts'
import { filterFault } from './topic-cover.ts'

/** Filters of one rule; 4,096 keep a decision within about a millisecond. */
export const maxFiltersPerRule = 4_096

/** A rule checked once, its filters cut into levels. */
export interface CheckedRule {
  readonly allow: boolean
  readonly publish: boolean
  readonly subscribe: boolean
  readonly user: string | undefined
  readonly clientId: string | undefined
  readonly address: string | undefined
  /** undefined: every topic. */
  readonly filters: readonly (readonly string[])[] | undefined
  /** True when a level is `%c` or `%u`, so that the filters differ from client to client. */
  readonly personal: boolean
}

/** Whom rules are bound to. */
export interface Subject {
  readonly clientId: string
  readonly user: string | undefined
  readonly address: string
}

/**
 * Checks rules as they come from a configuration, a token or a back end.
 * @throws BrokerError CONFIG_INVALID naming the rule, what is wrong with it and how to mend it.
 */
export function checkRules(rules: readonly Rule[]): readonly CheckedRule[] {
  return rules.map((rule, index) => checkRule(rule, `rule ${index + 1}`))
}

/** The rules that apply to this client at all, placeholders replaced; `rules` itself when they are these. */
export function bindRules(rules: readonly CheckedRule[], subject: Subject): readonly CheckedRule[] {
  if (!rules.some(isConditional)) return rules
  const bound: CheckedRule[] = []
  for (const rule of rules) {
    if (rule.user !== undefined && rule.user !== subject.user) continue
    if (rule.clientId !== undefined && rule.clientId !== subject.clientId) continue
    if (rule.address !== undefined && !matchesCidr(subject.address, rule.address)) continue
    if (!rule.personal || rule.filters === undefined) {
      bound.push(rule)
      continue
    }
    const filters = rule.filters.flatMap(levels => substitute(levels, subject))
    if (filters.length > 0) bound.push({ ...rule, filters, personal: false })
  }
  return bound
}

/** The rule as it was given: what is checked again after a restart. */
export function ruleOf({ allow, publish, subscribe, user, clientId, address, filters }: CheckedRule): Rule {
  return {
    effect: allow ? 'allow' : 'deny',
    action: publish && subscribe ? 'all' : publish ? 'publish' : 'subscribe',
    ...(user !== undefined && { user }),
    ...(clientId !== undefined && { clientId }),
    ...(address !== undefined && { address }),
    ...(filters !== undefined && { filters: filters.map(levels => levels.join('/')) }),
  }
}

function isConditional({ personal, user, clientId, address }: CheckedRule): boolean {
  return personal || user !== undefined || clientId !== undefined || address !== undefined
}

function checkRule(rule: Rule, where: string): CheckedRule {
  if (typeof rule !== 'object' || rule === null) throw invalid(`${where} is not an object`)
  const { effect, action = 'all', filters } = rule
  if (effect !== 'allow' && effect !== 'deny') {
    throw invalid(`${where} has effect ${quote(effect)}; write "allow" or "deny"`)
  }
  if (action !== 'publish' && action !== 'subscribe' && action !== 'all') {
    throw invalid(`${where} has action ${quote(action)}; write "publish", "subscribe" or "all"`)
  }
  for (const name of ['user', 'clientId', 'address'] as const) {
    const value: unknown = rule[name]
    if (value !== undefined && typeof value !== 'string') throw invalid(`${where}: ${name} must be a string`)
  }
  if (rule.address !== undefined && !isCidr(rule.address)) {
    throw invalid(`${where} has address ${quote(rule.address)}; write an IP address or a block such as 10.0.0.0/8`)
  }
  const levels = filters === undefined ? undefined : checkFilters(filters, where)
  return {
    allow: effect === 'allow',
    publish: action !== 'subscribe',
    subscribe: action !== 'publish',
    user: rule.user,
    clientId: rule.clientId,
    address: rule.address,
    filters: levels,
    personal: levels?.some(filter => filter.some(isPlaceholder)) ?? false,
  }
}

function checkFilters(filters: unknown, where: string): string[][] {
  if (!Array.isArray(filters)) throw invalid(`${where}: filters must be a list of topic filters`)
  if (filters.length > maxFiltersPerRule) {
    throw invalid(`${where} has ${filters.length} filters, at most ${maxFiltersPerRule} are taken; split the rule`)
  }
  return filters.map((filter: unknown) => {
    if (typeof filter !== 'string') throw invalid(`${where} has a filter that is not a string`)
    const fault = filterFault(filter)
    if (fault !== undefined) throw invalid(`${where}: the filter ${quote(filter)} ${fault}`)
    const levels = filter.split('/')
    const halfPlaceholder = levels.find(level => !isPlaceholder(level) && /%[cu](?![0-9a-fA-F])/.test(level))
    if (halfPlaceholder !== undefined) {
      // Taken literally it would match nothing, and a deny rule that matches nothing lets everything through.
      throw invalid(`${where}: in the filter ${quote(filter)} "%c" and "%u" stand only for a whole level`)
    }
    return levels
  })
}

function isPlaceholder(level: string): boolean {
  return level === '%c' || level === '%u'
}

/** One filter, or none when a value could reach further than the one level it stands for. */
function substitute(levels: readonly string[], subject: Subject): (readonly string[])[] {
  const replaced: string[] = []
  for (const [at, level] of levels.entries()) {
    if (!isPlaceholder(level)) {
      replaced.push(level)
      continue
    }
    const value = level === '%c' ? subject.clientId : subject.user
    if (value === undefined || value === '' || /[+#/]/.test(value)) return []
    // A client that calls itself "$SYS" must not own "$SYS/#" by the rule "%c/#".
    if (at === 0 && value.startsWith('$')) return []
    replaced.push(value)
  }
  return [replaced]
}

function invalid(message: string): BrokerError {
  return new BrokerError('CONFIG_INVALID', message)
}

function quote(value: unknown): string {
  return JSON.stringify(value)?.slice(0, 200) ?? 'undefined'
}
