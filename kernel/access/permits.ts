import type { Action, Principal } from '../contract/access.ts'

/**
 * May this principal do this? The one question about rights, on every way in and out: publish, delayed messages and wills
 * when they come and when they are due, subscribe, shared or not, and each topic that is handed out, live, queued, shared
 * or retained. Undefined: the broker itself, which may.
 */
export function permits(principal: Principal | undefined, action: Action, topic: string): boolean {
  return principal === undefined || principal.may(action, topic)
}
