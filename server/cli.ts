import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { version } from '../kernel/version.ts'
import type { StartOptions } from './commands/start.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import { mostWorkers, workerCount } from './workers/worker-count.ts'

interface SourceFlags {
  readonly config?: string
  readonly data?: string
  readonly port?: string
  readonly logLevel?: string
}

/** Runs one command; what it needs is loaded only then. */
export async function run(args: readonly string[]): Promise<ExitCode> {
  let result: ExitCode = exitCodes.ok
  const program = commands(async work => {
    result = await work()
  })
  try {
    await program.parseAsync(args, { from: 'user' })
    return result
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage
    const { explainFailure } = await import('./failure.ts')
    const { text, exitCode } = explainFailure(error)
    process.stderr.write(`${text}\n`)
    return exitCode
  }
}

function commands(finish: (work: () => Promise<ExitCode>) => Promise<void>): Command {
  const program = new Command('robust-server')
    .description('RobustMQ: a messaging broker')
    .version(version, '-V, --version')
    .exitOverride()
    .showHelpAfterError('(robust-server --help lists the commands)')
    .showSuggestionAfterError()

  sourced(program.command('start'))
    .description('serve until a signal ends it')
    .option('-p, --port <number>', 'port of the first tcp listener', portNumber)
    .option('--log-level <level>', 'debug, info, warn or error')
    .option('-w, --workers <number>', 'processes that serve clients, or auto: one for each core but one', workers)
    .addOption(
      new Option(
        '--demo',
        'with a small plant at work, so that there is something to see; it has a configuration and data of its own',
      ).conflicts('config'),
    )
    .action(({ workers, demo, ...flags }: SourceFlags & StartOptions) =>
      finish(async () => (await import('./commands/start.ts')).start(sources(flags), { workers, demo })),
    )

  program
    .command('worker', { hidden: true })
    .description('serve clients for the process that started this one')
    .action(() => finish(async () => (await import('./commands/worker.ts')).worker()))

  const config = program.command('config').description('the configuration')
  sourced(config.command('check'))
    .description('report every mistake with its place')
    .action((flags: SourceFlags) =>
      finish(async () => (await import('./commands/config.ts')).checkConfig(sources(flags))),
    )
  sourced(config.command('show'))
    .description('print the effective value of every key and where it came from')
    .option('--json', 'as JSON')
    .action((flags: SourceFlags & { json?: boolean }) =>
      finish(async () => (await import('./commands/config.ts')).showConfig(sources(flags), flags.json === true)),
    )
  configured(config.command('schema'))
    .description('print the JSON Schema of robustmq.yaml, for editors')
    .action((flags: SourceFlags) =>
      finish(async () => (await import('./commands/config.ts')).printSchema(sources(flags))),
    )
  configured(config.command('reference'))
    .description('print the reference of all keys, as Markdown')
    .action((flags: SourceFlags) =>
      finish(async () => (await import('./commands/config.ts')).printReference(sources(flags))),
    )

  const api = program.command('api').description('the HTTP API')
  api
    .command('schema')
    .description('print its OpenAPI document')
    .action(() => finish(async () => (await import('./commands/api.ts')).printApiSchema()))
  api
    .command('reference')
    .description('print its reference, as Markdown')
    .action(() => finish(async () => (await import('./commands/api.ts')).printApiReference()))

  program
    .command('metrics')
    .description('the numbers in /metrics')
    .command('reference')
    .description('print their reference, as Markdown')
    .action(() => finish(async () => (await import('./commands/metrics.ts')).printMetricsReference()))

  addBridgeCommands(program, finish)
  addUserCommands(program, finish)
  addDataCommands(program, finish)
  program
    .command('version')
    .description('print the version')
    .action(() => finish(async () => print(version)))
  return program
}

function addBridgeCommands(program: Command, finish: (work: () => Promise<ExitCode>) => Promise<void>): void {
  const load = () => import('./commands/bridges.ts')
  const bridges = program.command('bridges').alias('bridge').description('ways to other systems')
  sourced(bridges.command('list'))
    .description('the bridges of the configuration')
    .action((flags: SourceFlags) => finish(async () => (await load()).listBridges(sources(flags))))
  sourced(bridges.command('test [name]'))
    .description('try to reach the other side, step by step, as the configuration says; all bridges without a name')
    .action((name: string | undefined, flags: SourceFlags) =>
      finish(async () => (await load()).testBridges(name, sources(flags))),
    )
}

function addUserCommands(program: Command, finish: (work: () => Promise<ExitCode>) => Promise<void>): void {
  const load = () => import('./commands/user.ts')
  const target = ({ config, file, ...flags }: SourceFlags & { file?: string }) => ({ config, file, flags })
  const user = program.command('user').alias('users').description('the users file')
  sourced(user.command('add <name>'))
    .description('add a user, or set the password of one; it is read from the terminal or from standard input')
    .option('--file <path>', 'the users file; default: the one of the configuration')
    .option('--tenant <name>', 'the tenant the user belongs to')
    .option('--superuser', 'no rule is asked for this user')
    .option('--no-scram', 'keep only the scrypt hash: no login by SCRAM-SHA-256')
    .action(
      (name: string, flags: SourceFlags & { file?: string; tenant?: string; superuser?: boolean; scram: boolean }) => {
        const { tenant, superuser, scram, ...rest } = flags
        return finish(async () => (await load()).addUserCommand(name, target(rest), { tenant, superuser, scram }))
      },
    )
  sourced(user.command('remove <name>'))
    .description('remove a user')
    .option('--file <path>', 'the users file; default: the one of the configuration')
    .action((name: string, flags: SourceFlags & { file?: string }) =>
      finish(async () => (await load()).removeUserCommand(name, target(flags))),
    )
  sourced(user.command('list'))
    .description('list the users')
    .option('--file <path>', 'the users file; default: the one of the configuration')
    .action((flags: SourceFlags & { file?: string }) =>
      finish(async () => (await load()).listUsersCommand(target(flags))),
    )
}

function addDataCommands(program: Command, finish: (work: () => Promise<ExitCode>) => Promise<void>): void {
  const data = program.command('data').description('the data directory; all but snapshot while the server is stopped')
  sourced(data.command('check'))
    .description('look for damage; changes nothing')
    .action((flags: SourceFlags) => finish(async () => (await import('./commands/data.ts')).checkData(sources(flags))))
  sourced(data.command('repair'))
    .description('keep what can be read; damaged files are kept beside, renamed')
    .action((flags: SourceFlags) => finish(async () => (await import('./commands/data.ts')).repairData(sources(flags))))
  sourced(data.command('compact'))
    .description('give the room of what nobody needs any more back')
    .action((flags: SourceFlags) =>
      finish(async () => (await import('./commands/data.ts')).compactData(sources(flags))),
    )
  sourced(data.command('snapshot <directory>'))
    .description('copy it to an empty directory, also while the server is running')
    .action((target: string, flags: SourceFlags) =>
      finish(async () => (await import('./commands/data.ts')).snapshotData(target, sources(flags))),
    )
  sourced(data.command('restore <snapshot>'))
    .description('put a snapshot where there is no data yet')
    .action((snapshot: string, flags: SourceFlags) =>
      finish(async () => (await import('./commands/data.ts')).restoreData(snapshot, sources(flags))),
    )
}

function sourced(command: Command): Command {
  return configured(command).option('-d, --data <directory>', 'data directory')
}

function configured(command: Command): Command {
  return command.option('-c, --config <file>', 'configuration file; default: robustmq.yaml, if there is one')
}

function sources({ config, data, port, logLevel }: SourceFlags) {
  return { file: config, flags: { data, port, logLevel } }
}

function workers(text: string): number {
  const count = workerCount(text)
  if (count === undefined) throw new InvalidArgumentError(`Expected a number from 1 to ${mostWorkers}, or auto.`)
  return count
}

function portNumber(text: string): string {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535)
    throw new InvalidArgumentError('Expected a number from 0 to 65535.')
  return text
}

async function print(text: string): Promise<ExitCode> {
  process.stdout.write(`${text}\n`)
  return exitCodes.ok
}
