import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, expect, test } from 'vitest'
import { describeWith } from '../support/skipping.ts'
import { startTarget, type Target } from './target.ts'
import { missingTool, type Tool } from './toolchain.ts'

const run = path.join(import.meta.dirname, 'run')

export interface Round {
  /** What `./run` calls it. */
  readonly language: string
  readonly library: string
  readonly needs: readonly Tool[]
  /** How long a first build may take, ms. */
  readonly buildMs: number
  /** The steps that the program must report, each once: one test each. */
  readonly steps: readonly string[]
  /** Further arguments for the program. */
  readonly extra?: (target: Target) => readonly string[]
}

/** A round of a client program against our broker: it runs once, and each of its steps is a test. */
export function describeRound({ language, library, needs, buildMs, steps, extra }: Round): void {
  describeClient(`${language}: ${library}`, needs, () => {
    let output = ''
    beforeAll(async () => {
      await promisify(execFile)(run, ['build', language])
    }, buildMs)
    beforeAll(async () => {
      await using target = await startTarget()
      const { host, port, tlsPort, wsPort, caFile } = target
      const transports = ['--tls', String(tlsPort), '--ca', caFile, '--ws', String(wsPort)]
      output = await outputOf(run, [language, host, String(port), ...transports, ...(extra?.(target) ?? [])])
    }, 300_000)

    test.each(steps)('%s', step => {
      const line = output.split('\n').find(one => one === `ok   ${step}` || one.startsWith(`FAIL ${step}: `))
      expect(line, `the step did not pass; all that the program printed:\n${output}`).toBe(`ok   ${step}`)
    })

    test('the program reports no step that is not listed here', () => {
      const reported = output.split('\n').flatMap(line => /^(?:ok {2}|FAIL) ([^:]+)/.exec(line)?.[1] ?? [])
      expect(reported.filter(step => !steps.includes(step))).toEqual([])
      expect(reported.length, output).toBe(steps.length)
    })
  })
}

/** Skips out loud when a tool is missing; where everything must run (CI=true) that is a failure. */
export function describeClient(name: string, needs: readonly Tool[], tests: () => void): void {
  describeWith(missingTool(needs), name, tests)
}

/** The steps that every program does, as it names them. */
export function stepsOf(version: '3.1' | '3.1.1' | '5.0', also: readonly string[] = []): string[] {
  const steps = ['connect', 'QoS 0 publish and receive', 'QoS 1 publish and receive', 'QoS 2 publish and receive']
  steps.push('retained message', 'will after an abrupt end', 'session resumed with offline messages')
  if (version === '5.0') steps.push('shared subscription', 'publish properties')
  return [...new Set([...steps, 'TLS', 'WebSocket', ...also])].map(step => `${step}, MQTT ${version}`)
}

/** What a program prints, whatever its exit status; ended when it has not come to its end in four minutes. */
async function outputOf(command: string, args: readonly string[]): Promise<string> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: 240_000, detached: false })
  let output = ''
  child.stdout.on('data', bytes => {
    output += bytes
  })
  child.stderr.on('data', bytes => {
    output += bytes
  })
  const [status, signal] = await once(child, 'close')
  return `${output}exit status ${status ?? signal}\n`
}
