import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { type Finding, good, warning } from './finding.ts'

/** What a server without a configuration listens on. */
const standardPorts = [1883, 8083, 8080]

/** Who holds the standard ports, where the system tells. */
export function portFindings(serverPid: number | undefined): Finding[] {
  let sockets: ReadonlyMap<number, string>
  try {
    sockets = listeningSockets()
  } catch {
    return [warning('ports', 'unknown on this system', `see that ${standardPorts.join(', ')} are free or the server's`)]
  }
  return standardPorts.map(port => {
    const inode = sockets.get(port)
    const check = `port ${port}`
    if (inode === undefined) return serverPid === undefined ? good(check, 'free') : good(check, 'not in use')
    const holder = holderOf(inode)
    if (holder === undefined) return good(check, 'in use, by a process of another user')
    if (holder.pid === serverPid) return good(check, 'the server')
    const mend = `stop it, or let the server listen elsewhere (listeners, http.port)`
    return warning(check, `held by ${holder.name} (pid ${holder.pid})`, mend)
  })
}

/** Ports that something listens on, with the inode of the socket. */
function listeningSockets(): ReadonlyMap<number, string> {
  const sockets = new Map<number, string>()
  const listening = '0A'
  for (const file of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const line of readFileSync(file, 'utf8').trim().split('\n').slice(1)) {
      const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/)
      if (state === listening) sockets.set(Number.parseInt(local.split(':')[1] ?? '', 16), inode)
    }
  }
  return sockets
}

function holderOf(inode: string): { pid: number; name: string } | undefined {
  for (const pid of readdirSync('/proc')) {
    if (!/^\d+$/.test(pid)) continue
    try {
      const holds = readdirSync(`/proc/${pid}/fd`).some(fd => linkOf(`/proc/${pid}/fd/${fd}`) === `socket:[${inode}]`)
      if (holds) return { pid: Number(pid), name: readFileSync(`/proc/${pid}/comm`, 'utf8').trim() }
    } catch {
      // Another user's, or gone meanwhile.
    }
  }
  return undefined
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path)
  } catch {
    return undefined
  }
}
