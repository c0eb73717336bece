import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'

/**
 * The one place where tests are skipped: each with the reason in its name, which the gate prints and counts. `lack` says
 * what is not there that they need, and is undefined where all is.
 */
export function testUnless(
  lack: string | undefined,
  name: string,
  body: () => void | Promise<void>,
  timeoutMs?: number,
): void {
  if (lack === undefined) test(name, body, timeoutMs)
  else skip(name, lack)
}

/** What tests lack that look into /proc. */
export const noProc = process.platform === 'linux' ? undefined : 'there is a /proc on Linux only'

/** What tests lack that run services of a machine in namespaces of their own, whose mounts and addresses are nobody else's. */
export const noNamespaces =
  spawnSync('unshare', ['--mount', '--net', '--pid', '--fork', '--mount-proc', 'true']).status === 0
    ? undefined
    : 'only root of a Linux that allows it makes namespaces'

/** The same for several tests, which count as one when they are skipped. */
export function describeUnless(lack: string | undefined, name: string, tests: () => void | Promise<void>): void {
  if (lack === undefined) describe(name, tests)
  else skip(name, lack)
}

/** For what the gate installs: with CI=true a lack is a failure. */
export function testWith(lack: string | undefined, name: string, body: () => void | Promise<void>): void {
  testUnless(unlessInCi(lack), name, lack === undefined ? body : () => expect.fail(lack))
}

/** The same for several tests. */
export function describeWith(lack: string | undefined, name: string, tests: () => void | Promise<void>): void {
  if (lack === undefined) describe(name, tests)
  else testWith(lack, name, () => {})
}

function unlessInCi(lack: string | undefined): string | undefined {
  return process.env.CI === 'true' ? undefined : lack
}

function skip(name: string, reason: string): void {
  console.warn(`SKIPPED ${name}: ${reason}`)
  test.skip(`${name} - skipped: ${reason}`, () => {})
}
