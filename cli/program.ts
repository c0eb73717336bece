import { Command, CommanderError, Option } from 'commander'
import { addAccess } from './commands/access.ts'
import { addApiKeys } from './commands/api-keys.ts'
import { addBench } from './commands/bench.ts'
import { addBridges } from './commands/bridges.ts'
import { addCluster } from './commands/cluster.ts'
import { addCompletion } from './commands/completion.ts'
import { addContext } from './commands/context.ts'
import { addDoctor } from './commands/doctor.ts'
import { addMqtt } from './commands/mqtt.ts'
import { addRetained } from './commands/retained.ts'
import { addTraces } from './commands/traces.ts'
import { CommandFailure, type ExitCode, exitCodes } from './exit-codes.ts'
import { formats } from './output/printer.ts'
import { programVersion } from './version.ts'

/** Runs one command. */
export async function run(args: readonly string[]): Promise<ExitCode> {
  try {
    const program = commands()
    await program.parseAsync(args, { from: 'user' })
    return exitCodes.ok
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage
    if (error instanceof CommandFailure) {
      process.stderr.write(`${error.message}\n${error.next === undefined ? '' : `Try: ${error.next}\n`}`)
      return error.exitCode
    }
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
    return exitCodes.failed
  }
}

/** All commands; `completion` looks at them, too. */
export function commands(): Command {
  const program = new Command('robust-ctl')
    .description('Operates a RobustMQ server over its HTTP API')
    .version(programVersion, '-V, --version')
    .option('--context <name>', 'the server to speak to, by the name of its context')
    .option('--url <url>', 'its HTTP API (ROBUSTMQ_URL)')
    .option('--api-key <key>', 'rmq_... (ROBUSTMQ_API_KEY)')
    .addOption(new Option('-o, --output <format>', 'how answers are written').choices(formats))
    .option('-w, --watch', 'again every two seconds, until Ctrl-C')
    .showHelpAfterError('(robust-ctl --help lists the commands)')
    .showSuggestionAfterError()
    .exitOverride()
  addCluster(program)
  addMqtt(program)
  addRetained(program)
  addAccess(program)
  addBridges(program)
  addTraces(program)
  addApiKeys(program)
  addBench(program)
  addContext(program)
  addDoctor(program)
  addCompletion(program)
  program
    .command('__reference', { hidden: true })
    .action(async () => void process.stdout.write((await import('./reference.ts')).reference(program)))
  return program
}
