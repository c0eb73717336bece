import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const root = join(import.meta.dirname, '../../..')

/** Runs a script on a systemd of its own: what it prints, and the log that it leaves in /results. @throws Error with both */
export async function boot(script: string): Promise<{ printed: string; log: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'boot-'))
  const result = (name: string) => {
    try {
      return readFileSync(join(folder, 'results', name), 'utf8')
    } catch {
      return ''
    }
  }
  writeFileSync(join(folder, 'script'), script)
  const namespaces = ['--mount', '--pid', '--fork', '--mount-proc', '--kill-child']
  const command = [...namespaces, 'sh', join(import.meta.dirname, 'boot.sh'), folder, process.execPath, root]
  try {
    await promisify(execFile)('unshare', command, { timeout: 100_000, killSignal: 'SIGKILL' })
    return { printed: result('stdout'), log: result('log') }
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${result('stderr')}${result('log')}`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Why this machine's kernel lets no systemd boot, if so. */
export async function bootFails(): Promise<string | undefined> {
  try {
    await boot('true')
    return undefined
  } catch (error) {
    return `systemd does not boot here: ${(error as Error).message.trim().replaceAll('\n', ' ')}`
  }
}
