import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

/** Of a processor's time as /proc counts it. */
const tickUs = 10_000

/** A file of this folder that is not compiled. */
export function source(file: string): string {
  return fileURLToPath(new URL(`../../../bridges/${file}`, import.meta.url))
}

/** What a program of Node prints, to its end. @throws when it fails */
export async function outputOfNode(...args: string[]): Promise<string> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const [said, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')])
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}`)
  return said
}

/** Processor's time that a process has used, microseconds. */
export function cpuUsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) * tickUs
}
