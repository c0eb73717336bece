import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { onTestFinished } from 'vitest'

/**
 * Starts a program in a folder; resolves when it says on its stderr that it is ready, and ends it with the test by `signal`.
 * @throws Error with its last words, when it ends before that
 */
export async function startProgram(
  [command = '', ...args]: readonly string[],
  { cwd, ready, signal }: { readonly cwd: string; readonly ready: string; readonly signal: NodeJS.Signals },
): Promise<void> {
  const child = spawn(command, args, { cwd, stdio: ['ignore', 'ignore', 'pipe'] })
  const ended = once(child, 'close')
  onTestFinished(async () => {
    child.kill(signal)
    await ended
  })
  const said: string[] = []
  const isReady = new Promise<void>(resolve => {
    createInterface({ input: child.stderr }).on('line', line => {
      said.push(line)
      if (line.includes(ready)) resolve()
    })
  })
  const failed = ended.then(() => {
    throw new Error(`${command} ended: ${said.slice(-5).join('\n')}`)
  })
  await Promise.race([isReady, failed])
}
