import { readdir, readFile, readlink } from 'node:fs/promises'

/** Bounds the search on machines with very many processes. */
const maxProcesses = 20_000

/** The process that listens on a TCP port, as Linux' /proc shows it to this user; undefined where it cannot be seen. */
export async function portHolder(port: number): Promise<{ pid: number; command: string } | undefined> {
  const inodes = await listeningInodes(port)
  if (inodes.size === 0) return undefined
  const processes = (await readdir('/proc').catch(() => [])).filter(name => /^\d+$/.test(name))
  for (const pid of processes.slice(0, maxProcesses)) {
    if (await holds(pid, inodes)) return { pid: Number(pid), command: await commandOf(pid) }
  }
  return undefined
}

async function holds(pid: string, inodes: ReadonlySet<string>): Promise<boolean> {
  const files = await readdir(`/proc/${pid}/fd`).catch(() => [])
  for (const file of files) {
    const target = await readlink(`/proc/${pid}/fd/${file}`).catch(() => '')
    if (target.startsWith('socket:[') && inodes.has(target.slice(8, -1))) return true
  }
  return false
}

/** Rows of /proc/net/tcp: number, local address:port in hex, remote, state (0A: listening), ..., inode as the tenth. */
async function listeningInodes(port: number): Promise<Set<string>> {
  const inodes = new Set<string>()
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    const text = await readFile(table, 'latin1').catch(() => '')
    for (const row of text.split('\n').slice(1)) {
      const fields = row.trim().split(/\s+/)
      const localPort = Number.parseInt(fields[1]?.split(':')[1] ?? '', 16)
      if (localPort === port && fields[3] === '0A' && fields[9] !== undefined) inodes.add(fields[9])
    }
  }
  return inodes
}

/** The program and, when it is no option, its first argument; the rest may hold secrets. */
async function commandOf(pid: string): Promise<string> {
  const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
  const [program = '', argument = ''] = line.split('\0')
  const command = argument === '' || argument.startsWith('-') ? program : `${program} ${argument}`
  return command === '' ? 'unknown' : command.slice(0, 120)
}
