import { connect } from 'node:tls'
import type { ApiClient, Row } from '../api-client.ts'
import { bad, type Finding, good, warning } from './finding.ts'

const clockSkewMs = 5_000
const certificateDays = 21
const backlogMessages = 100_000
const dayMs = 86_400_000

interface Overview {
  readonly node: { readonly pid: number; readonly version: string }
  readonly totals: Readonly<Record<string, number>>
}

/** What the server says of itself. `pid`: where it runs on this machine. */
export async function serverFindings(api: ApiClient): Promise<{ findings: Finding[]; pid: number | undefined }> {
  let overview: Overview
  try {
    overview = (await api.call('GET', '/overview')) as Overview
  } catch (error) {
    const mend = 'start it (robust-server start), or name it with --url or a context'
    return { findings: [bad('server', (error as Error).message, mend)], pid: undefined }
  }
  const findings = [
    good('server', `${api.url}, version ${overview.node.version}`),
    await clock(api),
    ...(await alarms(api)),
    ...(await weakSettings(api)),
    ...(await certificates(api)),
    backlog(overview),
  ]
  return { findings, pid: overview.node.pid }
}

async function clock(api: ApiClient): Promise<Finding> {
  const before = Date.now()
  const { headers } = await fetch(`${api.url.replace(/\/$/, '')}/livez`)
  const theirs = Date.parse(headers.get('date') ?? '')
  // The header has whole seconds.
  const skew = Math.abs(theirs + 500 - (before + Date.now()) / 2)
  if (Number.isNaN(skew)) return warning('clock', 'the server tells no time', 'a proxy may hide it')
  const shown = `${(skew / 1_000).toFixed(1)} s apart`
  return skew > clockSkewMs
    ? warning('clock', shown, 'let both machines follow NTP')
    : good('clock', 'the same as here')
}

async function alarms(api: ApiClient): Promise<Finding[]> {
  const raised = (await api.call('GET', '/alarms')) as Row[]
  if (raised.length === 0) return [good('alarms', 'none')]
  return raised.map(({ name, message }) => bad(`alarm ${String(name)}`, String(message), 'see the log of that time'))
}

async function weakSettings(api: ApiClient): Promise<Finding[]> {
  const rows = (await api.call('GET', '/config')) as { path: string; value: string }[]
  const value = (path: string) => rows.find(row => row.path === path)?.value
  const found: Finding[] = []
  if (value('access.anonymous') === 'always')
    found.push(warning('anonymous clients', 'anybody is let in', 'access.anonymous: never, and add users'))
  const rules = rows.some(({ path }) => path.startsWith('access.rules'))
  if (!rules && value('access.noMatch') !== 'deny')
    found.push(warning('rules', 'every client may read and write every topic', 'robust-ctl acl add --effect allow ...'))
  if (value('storage.type') === 'memory')
    found.push(warning('storage', 'nothing survives a restart', 'storage: { type: file }'))
  return found.length > 0 ? found : [good('settings', 'nothing weak')]
}

async function certificates(api: ApiClient): Promise<Finding[]> {
  const { hostname } = new URL(api.url)
  const listeners = (await api.call('GET', '/listeners')) as Row[]
  const secure = listeners.filter(({ transport }) => transport === 'tls' || transport === 'wss')
  return Promise.all(
    secure.map(async ({ name, port }) => {
      const check = `certificate ${String(name)}`
      const until = await validUntil(hostname, Number(port))
      if (until === undefined) return warning(check, `port ${String(port)} speaks no TLS from here`, 'see the listener')
      const days = Math.floor((until - Date.now()) / dayMs)
      const mend = 'renew it, then send the server SIGHUP'
      if (days < 0) return bad(check, `expired ${-days} days ago`, mend)
      return days < certificateDays ? warning(check, `${days} days left`, mend) : good(check, `${days} days left`)
    }),
  )
}

function validUntil(host: string, port: number): Promise<number | undefined> {
  return new Promise(resolve => {
    // Only its date is looked at, whoever signed it.
    const socket = connect({ host, port, rejectUnauthorized: false, timeout: 3_000 }, () => {
      const { valid_to: validTo } = socket.getPeerCertificate()
      socket.destroy()
      resolve(Date.parse(validTo))
    })
    socket.on('error', () => resolve(undefined))
    socket.on('timeout', () => {
      socket.destroy()
      resolve(undefined)
    })
  })
}

function backlog({ totals }: Overview): Finding {
  const waiting = totals.queued_messages ?? 0
  if (waiting < backlogMessages) return good('backlog', `${waiting} messages wait`)
  return warning('backlog', `${waiting} messages wait`, 'robust-ctl mqtt session list: who has been away for long?')
}
