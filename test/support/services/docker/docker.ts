import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import type { Tool } from '../../../interop/toolchain.ts'

const install = (name: string) => `Debian: apt-get install ${name}`

/** What it is made of. */
export const dockerTools: readonly Tool[] = [
  { command: 'dockerd', install: install('docker.io') },
  { command: 'docker-compose', install: install('docker-compose') },
  { command: 'slirp4netns', install: install('slirp4netns') },
  { command: 'ip', versionArguments: ['-Version'], install: install('iproute2') },
]

export interface RunOptions {
  readonly cwd?: string
  readonly input?: string
  readonly environment?: NodeJS.ProcessEnv
}

/**
 * A real Docker with images, networks and ports of its own: those of this machine are not touched, and nothing is left. It
 * reaches what this machine reaches but for its loopback, through slirp4netns.
 */
export class Docker implements AsyncDisposable {
  readonly #folder: string
  readonly #daemon: ChildProcess
  readonly #network: ChildProcess
  readonly #orphans = () => this.#end()

  private constructor(folder: string, daemon: ChildProcess, network: ChildProcess) {
    this.#folder = folder
    this.#daemon = daemon
    this.#network = network
    process.once('exit', this.#orphans)
  }

  /** One that has run a container, of `debian:bookworm-slim`; or why this machine's kernel lets it run none. */
  static async tried(): Promise<Docker | string> {
    let docker: Docker | undefined
    try {
      docker = await Docker.#start()
      await docker.run(`sh ${join(import.meta.dirname, 'debian.sh')} | docker import - debian:bookworm-slim`)
      await docker.run('docker run --rm debian:bookworm-slim true')
      return docker
    } catch (error) {
      await docker?.[Symbol.asyncDispose]()
      return `Docker runs no container here: ${(error as Error).message.trim().replaceAll('\n', ' ')}`
    }
  }

  static async #start(): Promise<Docker> {
    const folder = await mkdtemp(join(tmpdir(), 'docker-'))
    const script = join(import.meta.dirname, 'daemon.sh')
    // What is started in its own namespace of processes ends with the first of them, which ends itself in order.
    const namespaces = ['--net', '--mount', '--pid', '--fork', '--mount-proc', '--kill-child=SIGTERM']
    const daemon = await said('API listen on', 'unshare', [...namespaces, 'sh', script, folder])
    const slirp = ['--configure', '--mtu=65520', '--disable-host-loopback', String(daemon.pid), 'tap0']
    return new Docker(folder, daemon, await said('received tapfd', 'slirp4netns', slirp))
  }

  /** What a command of a shell prints that runs on this machine, where `docker` and `docker-compose` mean this one. */
  async run(command: string, { cwd, input = '', environment }: RunOptions = {}): Promise<string> {
    const env = {
      ...process.env,
      DOCKER_HOST: `unix://${this.#folder}/socket`,
      // As `docker compose` builds, with the client that has this in it.
      PATH: `/usr/bin:${process.env.PATH}`,
      DOCKER_BUILDKIT: '1',
      COMPOSE_DOCKER_CLI_BUILD: '1',
      ...environment,
    }
    const running = promisify(execFile)('sh', ['-euc', command], { cwd, env, maxBuffer: 64 * 1_048_576 })
    running.child.stdin?.end(input)
    return (await running).stdout
  }

  /** The same for a command that finds its published ports on localhost. */
  near(command: string, options?: RunOptions): Promise<string> {
    return this.run(`nsenter --target ${this.#daemon.pid} --net sh -euc '${command.replaceAll("'", `'\\''`)}'`, options)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    process.off('exit', this.#orphans)
    const ended = [this.#daemon, this.#network].map(child => once(child, 'close'))
    this.#end()
    await Promise.all(ended)
    await rm(this.#folder, { recursive: true, force: true })
  }

  #end(): void {
    this.#daemon.kill('SIGKILL')
    this.#network.kill('SIGTERM')
  }
}

/** Starts a program; resolves when it has said this. @throws Error with its last words, when it ends before that */
async function said(what: string, command: string, args: readonly string[]): Promise<ChildProcess> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const last: string[] = []
  await new Promise<void>((resolve, reject) => {
    const hear = (line: string) => {
      last.push(line)
      if (line.includes(what)) resolve()
    }
    for (const input of [child.stdout, child.stderr]) createInterface({ input }).on('line', hear)
    child.once('error', reject)
    child.once('close', () => reject(new Error(`${command} ended: ${last.slice(-5).join('\n')}`)))
  })
  return child
}
