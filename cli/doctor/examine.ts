import type { ApiClient } from '../api-client.ts'
import type { Finding } from './finding.ts'
import { machineFindings } from './machine.ts'
import { portFindings } from './ports.ts'
import { serverFindings } from './server.ts'

/** All checks: this machine, its ports, and the server. */
export async function examine(api: ApiClient, data: string): Promise<Finding[]> {
  const { findings, pid } = await serverFindings(api)
  const { hostname } = new URL(api.url)
  const here = hostname === 'localhost' || hostname === '127.0.0.1' || hostname === '[::1]'
  return [...machineFindings(data), ...(here ? portFindings(pid) : []), ...findings]
}
