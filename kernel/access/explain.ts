import type { Action, Identity, Rule } from '../contract/access.ts'
import { bindRules, type CheckedRule, type Subject } from './rule-set.ts'
import { coversLevels, matchesLevels } from './topic-cover.ts'

/** Which rule decides a question, and how. */
export interface Decision {
  readonly allowed: boolean
  /** Whose rule it is: of the client's identity, or of the configuration. 'none': no rule applies. 'reserved': see OpenTopics. */
  readonly source: 'reserved' | 'superuser' | 'identity' | 'configuration' | 'none'
  /** Counted from 0 among the rules of its source. */
  readonly index: number | undefined
  readonly rule: Rule | undefined
}

/** What is asked, of whom. */
export interface Question {
  readonly action: Action
  /** For 'subscribe' a filter. */
  readonly topic: string
  readonly subject: Subject
  readonly identity: Pick<Identity, 'superuser'> | undefined
}

/** The rules that `explain` looks through: in their order, each list counted for itself. */
export interface RuleLists {
  /** Whether clients may publish there at all. */
  opens(topic: string): boolean
  readonly identity: readonly CheckedRule[]
  readonly configuration: readonly CheckedRule[]
  readonly noMatch: 'allow' | 'deny'
  ruleOf(rule: CheckedRule): Rule
}

/** As the judge of a principal decides, but slowly, one rule after the other, and telling which it was. */
export function explain({ action, topic, subject, identity }: Question, lists: RuleLists): Decision {
  if (action === 'publish' && !lists.opens(topic)) {
    return { allowed: false, source: 'reserved', index: undefined, rule: undefined }
  }
  if (identity?.superuser) return { allowed: true, source: 'superuser', index: undefined, rule: undefined }
  const applies = action === 'subscribe' ? coversLevels : matchesLevels
  const levels = topic.split('/')
  for (const source of ['identity', 'configuration'] as const) {
    for (const [index, rule] of lists[source].entries()) {
      if (!(action === 'publish' ? rule.publish : rule.subscribe)) continue
      const [bound] = bindRules([rule], subject)
      if (!bound) continue
      if (bound.filters && !bound.filters.some(filter => applies(filter, levels))) continue
      return { allowed: rule.allow, source, index, rule: lists.ruleOf(rule) }
    }
  }
  return { allowed: lists.noMatch === 'allow', source: 'none', index: undefined, rule: undefined }
}
