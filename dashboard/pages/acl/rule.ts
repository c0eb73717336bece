import type { Routes } from '../../api/routes.ts'
import { useWords } from '../../language/language.ts'
import { text } from './words.ts'

export type Acl = Routes['GET /acl']['answer']
export type Rule = NonNullable<Acl['rules']>[number]

/** Whom a rule is for, in words. */
export function useWho(): (rule: Rule) => string {
  const t = useWords(text)
  return ({ user, clientId, address }) => {
    const parts = [
      user !== undefined && `${t.user} ${user}`,
      clientId !== undefined && `${t.clientId} ${clientId}`,
      address !== undefined && `${t.address} ${address}`,
    ].filter(part => part !== false)
    return parts.length === 0 ? t.everybody : parts.join(' · ')
  }
}
