import type { Command } from 'commander'
import { CommandFailure, exitCodes } from '../exit-codes.ts'
import type { Columns } from '../output/printer.ts'
import { sessionOf } from '../session.ts'

/**
 * `list` of one thing: all rows, or the first `--limit`. `flags` become the query, by their names. A command of another
 * name may take an argument, of which the path is made.
 */
export function addList(
  parent: Command,
  options: {
    name?: string
    path: string | ((argument: string) => string)
    columns: Columns
    describe: string
    flags?: readonly (readonly [flag: string, describe: string])[]
    query?: Readonly<Record<string, string>>
  },
): Command {
  const { path, columns, describe, flags = [], query } = options
  const list = options.name === undefined ? parent.command('list').alias('ls') : parent.command(options.name)
  list.description(describe)
  for (const [flag, text] of flags) list.option(flag, text)
  list.option('--limit <n>', 'rows at most', wholeNumber)
  return list.action(async (...args: readonly unknown[]) => {
    const command = args.at(-1) as Command
    const given = command.opts<Record<string, string | number | boolean | undefined>>()
    const from = typeof path === 'string' ? path : path(command.args[0] ?? '')
    const { api, printer, repeat } = sessionOf(command)
    const names = flags.map(([flag]) => /--([a-z-]+)/.exec(flag)?.[1] ?? '')
    const asked = Object.fromEntries(names.map(name => [camel(name), given[camel(name)]]))
    await repeat(async () => {
      const most = typeof given.limit === 'number' ? given.limit : undefined
      printer.rows(await api.list(from, { ...query, ...asked }, most), columns)
    })
  })
}

export function wholeNumber(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw new CommandFailure(`expected a whole number, got "${text}"`, { exitCode: exitCodes.usage })
}

function camel(name: string): string {
  return name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())
}
