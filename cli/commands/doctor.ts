import type { Command } from 'commander'
import { columns } from '../columns.ts'
import { CommandFailure } from '../exit-codes.ts'
import { sessionOf } from '../session.ts'

export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description('look for what is wrong with this machine and the server, and how to mend it')
    .option('--json', 'as JSON')
    .option('--data <directory>', 'where to measure the disk', '.')
    .action(async ({ json, data }: { json?: boolean; data: string }, command: Command) => {
      const session = sessionOf(command)
      const { examine } = await import('../doctor/examine.ts')
      const found = await examine(session.api, data)
      if (json) process.stdout.write(`${JSON.stringify(found, null, 2)}\n`)
      else
        session.printer.rows(
          found.map(one => ({ ...one, mark: marks[one.verdict] })),
          columns.checks,
        )
      const bad = found.filter(({ verdict }) => verdict === 'bad').length
      if (bad > 0) throw new CommandFailure(`${bad} of ${found.length} checks found something to mend`)
    })
}

const marks = { good: 'ok', warning: '!', bad: 'X' } as const
