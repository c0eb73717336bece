import type { Clock, Kernel } from '../../kernel/index.ts'
import type { LoadedConfig, Settings } from '../config/index.ts'
import type { Server } from '../server.ts'
import type { Accounts } from './access/accounts.ts'
import type { AuditLog } from './access/audit-log.ts'
import type { BrowserSessions } from './access/browser-sessions.ts'
import type { Guard } from './access/guard.ts'
import type { LoginThrottle } from './access/login-throttle.ts'
import type { Searches } from './searches.ts'
import type { EventRing } from './stream/event-ring.ts'
import type { History } from './stream/history.ts'

/** What the routes work with. */
export interface House {
  readonly kernel: Kernel
  readonly server: Server
  readonly clock: Clock
  readonly accounts: Accounts
  readonly sessions: BrowserSessions
  readonly throttle: LoginThrottle
  readonly guard: Guard
  readonly audit: AuditLog
  readonly history: History
  readonly events: EventRing
  readonly searches: Searches
  /** ms since the epoch. */
  readonly startedAt: number
  /** The document that describes the API. */
  openApi(): Readonly<Record<string, unknown>>
  /** Reads the configuration as it would be with these settings. @throws ConfigError */
  check(settings: Settings): Promise<LoadedConfig>
  /** Reads and applies the configuration as it is now. */
  reload(): ReturnType<Server['reload']>
}
