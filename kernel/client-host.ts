import type { Credentials, Exchange, Identity, Principal } from './contract/access.ts'
import type { Caller } from './contract/connection.ts'
import { isBrokerError } from './contract/errors.ts'
import type { Gatekeeper } from './gatekeeper.ts'
import type { Traces } from './observe/traces.ts'
import type { TenantSpace } from './space.ts'
import { defaultTenant } from './tenant.ts'

/** How one protocol's clients come in, whichever process their connections are in. See `ProtocolHost`. */
export interface ClientHost {
  login(credentials: Credentials, caller: Caller): Promise<TenantSpace>
  exchange(method: string, caller: Caller): Exchange | undefined
  admit(identity: Identity, clientId: string, caller: Caller): Promise<TenantSpace>
  system(tenant?: string): TenantSpace
}

export function clientHost(parts: {
  gatekeeper: Gatekeeper
  traces: Traces
  spaceOf(principal: Principal): TenantSpace
  system(tenant?: string): TenantSpace
}): ClientHost {
  const { gatekeeper, traces, spaceOf } = parts
  const refused = (error: unknown, clientId: string, { peer }: Caller) => {
    if (traces.running === 0) return
    const subject = { clientId, tenant: defaultTenant, address: peer.address }
    const reason = isBrokerError(error) ? error.code : String(error)
    const detail = isBrokerError(error) ? { why: error.message } : {}
    traces.notice({ event: 'login-refused', subject, reason, detail })
  }
  return {
    login: async (credentials, caller) => {
      try {
        const principal = gatekeeper.login(credentials, caller)
        return spaceOf(principal instanceof Promise ? await principal : principal)
      } catch (error) {
        refused(error, credentials.clientId, caller)
        throw error
      }
    },
    exchange: (method, caller) => gatekeeper.exchange(method, caller),
    admit: async (identity, clientId, caller) => {
      try {
        return spaceOf(gatekeeper.admit(identity, clientId, caller))
      } catch (error) {
        refused(error, clientId, caller)
        throw error
      }
    },
    system: parts.system,
  }
}
