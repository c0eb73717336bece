import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** Which of these processes has the other end of a connection from this local port, as Linux shows it. */
export function processOf(localPort: number, pids: readonly number[]): number | undefined {
  const inodes = inodesTo(localPort)
  return pids.find(pid => {
    try {
      return readdirSync(`/proc/${pid}/fd`).some(fd => inodes.has(linkOf(`/proc/${pid}/fd/${fd}`)))
    } catch {
      return false
    }
  })
}

/** Rows of /proc/net/tcp: number, local, remote address:port in hex, ..., inode as the tenth. */
function inodesTo(port: number): Set<string> {
  const inodes = new Set<string>()
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const row of readFileSync(table, 'latin1').split('\n').slice(1)) {
      const fields = row.trim().split(/\s+/)
      if (Number.parseInt(fields[2]?.split(':')[1] ?? '', 16) === port) inodes.add(`socket:[${fields[9]}]`)
    }
  }
  return inodes
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}
