import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'

/** A message as Pulsar's own client wrote or read it. */
export interface PythonMessage {
  readonly value: Buffer
  readonly key?: string
  readonly orderingKey?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly eventTime?: number
}

export interface PythonRecord extends PythonMessage {
  readonly partition: number
  /** -1 outside of a batch. */
  readonly batchIndex: number
  readonly topic: string
  readonly producer: string
}

export interface ProduceOptions {
  readonly compression?: 'none' | 'lz4' | 'zlib' | 'zstd' | 'snappy'
  readonly batching?: boolean
}

export type SubscriptionKind = 'exclusive' | 'shared' | 'failover' | 'key_shared'

/** Pulsar's own Python client in a process of its own: the independent writer and reader of the tests. */
export class PythonClient implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #waiting: { resolve(value: never): void; reject(error: Error): void }[] = []
  #printed = ''

  private constructor(child: ChildProcess) {
    this.#child = child
    child.stderr?.on('data', bytes => {
      this.#printed = `${this.#printed}${bytes}`.slice(-2000)
    })
    // Its library logs to the same stream.
    if (child.stdout !== null) {
      createInterface({ input: child.stdout }).on('line', line => {
        if (!line.startsWith('answer ')) return
        const { ok, error } = JSON.parse(line.slice('answer '.length))
        const waiting = this.#waiting.shift()
        if (error === undefined) waiting?.resolve(ok as never)
        else waiting?.reject(new Error(error))
      })
    }
    child.once('exit', () => {
      for (const { reject } of this.#waiting.splice(0)) reject(new Error(`the Python client ended: ${this.#printed}`))
    })
  }

  /** `folder`: where client.py is, for whoever has compiled this file to elsewhere. */
  static async start(
    to: { readonly url: string; readonly token?: string; readonly ca?: string },
    folder = import.meta.dirname,
  ): Promise<PythonClient> {
    const PYTHONPATH = await packages(folder)
    const child = spawn('python3', ['-u', path.join(folder, 'client.py')], {
      env: { ...process.env, PYTHONPATH },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    child.stdin?.write(`${JSON.stringify(to)}\n`)
    return new PythonClient(child)
  }

  produce(topic: string, messages: readonly PythonMessage[], options: ProduceOptions = {}): Promise<number> {
    const coded = messages.map(message => ({ ...message, value: message.value.toString('base64') }))
    return this.#ask({ do: 'produce', topic, messages: coded, ...options })
  }

  subscribe(topic: string, subscription: string, kind: SubscriptionKind = 'exclusive'): Promise<void> {
    return this.#ask({ do: 'subscribe', topic, subscription, kind })
  }

  /** Up to `count` messages, acknowledged; fewer when none came for `idle` ms. */
  async receive(subscription: string, count: number, idle?: number): Promise<PythonRecord[]> {
    const got = await this.#ask<(Omit<PythonRecord, 'value'> & { value: string })[]>({
      do: 'receive',
      subscription,
      count,
      ...(idle === undefined ? {} : { idle }),
    })
    return got.map(one => ({ ...one, value: Buffer.from(one.value, 'base64') }))
  }

  /** Values only, as text: for many. */
  receiveText(subscription: string, count: number, idle?: number): Promise<string[]> {
    return this.#ask({ do: 'receive', subscription, count, brief: true, ...(idle === undefined ? {} : { idle }) })
  }

  /** Receives as many, and says only how many came. */
  count(subscription: string, count: number, idle?: number): Promise<number> {
    return this.#ask({ do: 'count', subscription, count, ...(idle === undefined ? {} : { idle }) })
  }

  close(subscription: string): Promise<void> {
    return this.#ask({ do: 'close', subscription })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null) return
    const gone = new Promise(resolve => this.#child.once('exit', resolve))
    this.#child.kill('SIGKILL')
    await gone
  }

  #ask<Answer>(command: object): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#child.exitCode !== null) return reject(new Error(`the Python client has ended: ${this.#printed}`))
      this.#waiting.push({ resolve, reject })
      this.#child.stdin?.write(`${JSON.stringify(command)}\n`)
    })
  }
}

/** The folder with the packages of exactly these requirements, installed at the first use. */
async function packages(folder: string): Promise<string> {
  const requirements = path.join(folder, 'requirements.txt')
  const key = createHash('sha256')
    .update(await readFile(requirements))
    .digest('hex')
    .slice(0, 12)
  const cache = path.join(process.env.XDG_CACHE_HOME ?? path.join(homedir(), '.cache'), 'robustmq-test-services')
  const into = path.join(cache, `pulsar-python-${key}`)
  if (existsSync(into)) return into
  await mkdir(cache, { recursive: true })
  const draft = await mkdtemp(path.join(cache, 'partial-'))
  await promisify(execFile)(
    'python3',
    [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--disable-pip-version-check',
      '--no-deps',
      '--target',
      draft,
      '-r',
      requirements,
    ],
    { env: { ...process.env, PIP_BREAK_SYSTEM_PACKAGES: '1', PIP_ROOT_USER_ACTION: 'ignore' } },
  )
  // Of two at once, the first to finish wins.
  await rename(draft, into).catch(() => rm(draft, { recursive: true, force: true }))
  return into
}
