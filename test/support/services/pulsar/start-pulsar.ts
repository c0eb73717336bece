import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll } from 'vitest'
import { missingTool, type Tool } from '../../../interop/toolchain.ts'
import { describeWith } from '../../skipping.ts'

const recipe = path.join(import.meta.dirname, 'pulsar.mjs')
const run = promisify(execFile)

/** What is needed to prove who one is to a server started with `secure`. Files by path. */
export interface PulsarSecrets {
  readonly serviceUrlTls: string
  readonly webServiceUrlTls: string
  readonly webSocketUrlTls: string
  readonly ca: string
  readonly clientCert: string
  readonly clientKey: string
  /** May produce and consume in public/default; the client certificate may the same. */
  readonly token: string
  /** Valid, and allowed nothing. */
  readonly deniedToken: string
  readonly adminToken: string
}

interface Addresses {
  readonly serviceUrl: string
  readonly webServiceUrl: string
  readonly webSocketUrl: string
  readonly secure: PulsarSecrets | null
  readonly pid: number
}

export class PulsarServer implements AsyncDisposable {
  readonly #dir: string | undefined
  #addresses: Addresses
  readonly #killAtExit = () => {
    if (this.#addresses.pid > 0) process.kill(this.#addresses.pid, 'SIGKILL')
  }

  constructor(addresses: Addresses, dir?: string) {
    this.#addresses = addresses
    this.#dir = dir
    if (dir !== undefined) process.once('exit', this.#killAtExit)
  }

  get serviceUrl(): string {
    return this.#addresses.serviceUrl
  }

  get webSocketUrl(): string {
    return this.#addresses.webSocketUrl
  }

  get secrets(): PulsarSecrets {
    const { secure } = this.#addresses
    if (secure === null) throw new Error('this Pulsar was started without `secure`')
    return secure
  }

  /** Asks the admin API, whose paths begin after /admin/v2/. */
  async admin(method: string, at: string, body?: unknown): Promise<unknown> {
    const { webServiceUrl, secure } = this.#addresses
    const response = await fetch(`${webServiceUrl}/admin/v2/${at}`, {
      method,
      headers: {
        'content-type': 'application/json',
        ...(secure === null ? {} : { authorization: `Bearer ${secure.adminToken}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${at}: ${response.status} ${text}`)
    return text === '' ? undefined : JSON.parse(text)
  }

  /** The name of a new topic, of as many partitions; 0 is a topic that is not partitioned. */
  async topic(partitions = 0): Promise<string> {
    const name = `t-${process.pid}-${Date.now().toString(36)}-${topics++}`
    if (partitions > 0) await this.admin('PUT', `persistent/public/default/${name}/partitions`, partitions)
    return `persistent://public/default/${name}`
  }

  /** kill -9. */
  async kill(): Promise<void> {
    await run(process.execPath, [recipe, 'kill', '--dir', this.#ownDir()])
    this.#addresses = { ...this.#addresses, pid: 0 }
  }

  /** Starts it again on its folder, with its ports and messages. */
  async start(): Promise<void> {
    this.#addresses = await start(this.#ownDir(), [])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#dir === undefined) return
    await run(process.execPath, [recipe, 'kill', '--dir', this.#dir])
    process.off('exit', this.#killAtExit)
    await rm(this.#dir, { recursive: true, force: true })
  }

  #ownDir(): string {
    if (this.#dir === undefined) throw new Error('a Pulsar named by PULSAR_URL is not ours to end')
    return this.#dir
  }
}

let topics = 0

/** A server of its own for whoever calls, or the one that PULSAR_URL names. */
export async function startPulsar({ secure = false } = {}): Promise<PulsarServer> {
  const { PULSAR_URL: url, PULSAR_WEB_URL } = process.env
  if (url !== undefined && !secure) {
    const webServiceUrl = PULSAR_WEB_URL ?? `http://${new URL(url).hostname}:8080`
    const webSocketUrl = `${webServiceUrl.replace(/^http/, 'ws')}/ws/v2`
    return new PulsarServer({ serviceUrl: url, webServiceUrl, webSocketUrl, secure: null, pid: 0 })
  }
  const dir = await mkdtemp(path.join(tmpdir(), 'pulsar-'))
  return new PulsarServer(await start(dir, secure ? ['--secure'] : []), dir)
}

async function start(dir: string, more: readonly string[]): Promise<Addresses> {
  const { stdout } = await run(process.execPath, [recipe, 'start', '--dir', dir, ...more])
  return JSON.parse(stdout)
}

export interface PulsarNeeds {
  readonly secure?: boolean
  /** The test ends the server or starts it again. */
  readonly own?: boolean
}

const debian = 'Debian: apt install openjdk-17-jre-headless maven openssl python3-pip'
const tools: readonly Tool[] = [
  { command: 'java', versionArguments: ['-version'], atLeast: [17, 0], install: debian },
  { command: 'mvn', atLeast: [3, 6], install: debian },
  { command: 'openssl', versionArguments: ['version'], install: debian },
]
const python: Tool = {
  command: 'python3',
  versionArguments: ['-m', 'pip', '--version'],
  atLeast: [20, 0],
  install: debian,
}

/** The first install fetches some 240 MB. */
const startWithinMs = 600_000

/**
 * Tests against a real Pulsar, one server for all of them. Skips out loud where none can be had; where everything must
 * run (CI=true) that is a failure.
 */
export function describePulsar(name: string, needs: PulsarNeeds, tests: (server: () => PulsarServer) => void): void {
  describeWith(missingPulsar(needs), name, () => {
    let server: PulsarServer | undefined
    beforeAll(async () => {
      server = await startPulsar(needs)
    }, startWithinMs)
    afterAll(() => server?.[Symbol.asyncDispose]())
    tests(() => server!)
  })
}

/** Why there can be no such Pulsar here, or undefined. */
export function missingPulsar({ secure, own }: PulsarNeeds): string | undefined {
  if (process.env.PULSAR_URL === undefined) return missingTool([...tools, python])
  if (secure || own) return 'the Pulsar that PULSAR_URL names is not ours to secure or to end'
  return missingTool([python])
}
