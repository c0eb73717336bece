import type { Command } from 'commander'
import { columns } from '../columns.ts'
import { CommandFailure, exitCodes } from '../exit-codes.ts'
import { sessionOf } from '../session.ts'
import { addList } from './list-command.ts'

/** Messages that stay: retained and delayed ones. */
export function addRetained(program: Command): void {
  const retained = program.command('retained').description('retained messages')
  addList(retained, {
    path: '/retained',
    columns: columns.retained,
    describe: 'retained messages',
    flags: [
      ['--filter <filter>', 'a topic filter'],
      ['--tenant <name>', 'the tenant'],
    ],
  })
  retained
    .command('show <topic>')
    .description('one retained message, whole')
    .action(async (topic: string, _, command: Command) => {
      const { api, printer } = sessionOf(command)
      printer.thing(await api.call('GET', `/retained/${encodeURIComponent(topic)}`), topic)
    })
  retained
    .command('clear <filter>')
    .description('clear all retained messages that a topic filter matches')
    .option('--yes', 'do not ask: needed for a filter with + or #')
    .action(async (filter: string, { yes }: { yes?: boolean }, command: Command) => {
      if (/[+#]/.test(filter) && !yes)
        throw new CommandFailure(`"${filter}" may match many topics; say --yes if all of them shall be cleared`, {
          exitCode: exitCodes.usage,
          next: `robust-ctl retained list --filter '${filter}'`,
        })
      const { api, printer } = sessionOf(command)
      const done = (await api.call('DELETE', '/retained', { query: { filter } })) as { cleared: number }
      printer.thing(done)
    })
  const delayed = program.command('delayed').description('messages that wait for their time')
  addList(delayed, { path: '/delayed', columns: columns.delayed, describe: 'messages that wait, the next first' })
  delayed
    .command('cancel <id>')
    .description('give one up')
    .action(async (id: string, _, command: Command) => {
      const { api, printer } = sessionOf(command)
      await api.call('DELETE', `/delayed/${encodeURIComponent(id)}`)
      printer.done(`${id} is given up`)
    })
}
