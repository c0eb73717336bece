import type { Command } from 'commander'
import type { Row } from '../api-client.ts'
import { columns } from '../columns.ts'
import { CommandFailure, exitCodes } from '../exit-codes.ts'
import { sessionOf } from '../session.ts'
import { addBridgeEntries } from './bridge-entries.ts'
import { readEntry } from './entry-file.ts'

/** Bridges of the running server. */
export function addBridges(program: Command): void {
  const bridge = program.command('bridge').description('bridges to other systems')
  bridge
    .command('list', { isDefault: true })
    .alias('ls')
    .description('bridges, how they are and what waits')
    .action(async (_, command: Command) => {
      const { api, printer, repeat } = sessionOf(command)
      await repeat(async () => printer.rows((await api.call('GET', '/bridges')) as Row[], columns.bridges))
    })
  bridge
    .command('show <name>')
    .description('one bridge')
    .action(async (name: string, _, command: Command) => {
      const { api, printer, repeat } = sessionOf(command)
      await repeat(async () => printer.thing(await api.call('GET', pathOf(name)), name))
    })
  bridge
    .command('test <name>')
    .description('try what it needs, step by step, to the first that fails')
    .option('-f, --file <file>', 'an entry to try in its place, without keeping it; - is standard input')
    .action(async (name: string, { file }: { file?: string }, command: Command) => {
      const { api, printer } = sessionOf(command)
      const rungs = (
        file === undefined
          ? await api.call('POST', `${pathOf(name)}/test`)
          : await api.call('POST', `${pathOf(name)}/try`, { body: { bridge: await readEntry(file) } })
      ) as Row[]
      printer.rows(rungs, columns.rungs)
      if (rungs.some(({ ok }) => ok !== true)) throw new CommandFailure(`${name} cannot work`)
    })
  for (const [act, done] of [
    ['pause', 'is paused; what it is to send waits'],
    ['resume', 'runs again'],
  ] as const) {
    bridge
      .command(`${act} <name>`)
      .description(act === 'pause' ? 'stop it, also through restarts' : 'let it run again')
      .action(async (name: string, _, command: Command) => {
        const { api, printer } = sessionOf(command)
        await api.call('POST', `${pathOf(name)}/${act}`)
        printer.done(`${name} ${done}`)
      })
  }
  addBridgeEntries(bridge)
  const dead = bridge.command('dead').description('what a bridge could not send')
  dead
    .command('list <name>')
    .alias('ls')
    .description('dead letters of a bridge')
    .action(async (name: string, _, command: Command) => {
      const { api, printer } = sessionOf(command)
      printer.rows(await api.list(`${pathOf(name)}/dead-letters`), columns.deadLetters)
    })
  for (const act of ['retry', 'purge'] as const) {
    dead
      .command(`${act} <name> [ids...]`)
      .description(act === 'retry' ? 'send them again' : 'throw them away')
      .option('--all', 'all of them')
      .action(async (name: string, ids: readonly string[], { all }: { all?: boolean }, command: Command) => {
        if (ids.length === 0 && !all)
          throw new CommandFailure('name ids, or say --all', {
            exitCode: exitCodes.usage,
            next: `robust-ctl bridge dead list ${name}`,
          })
        const { api, printer } = sessionOf(command)
        const body = ids.length > 0 ? { ids } : {}
        printer.thing(await api.call('POST', `${pathOf(name)}/dead-letters/${act}`, { body }))
      })
  }
}

function pathOf(name: string): string {
  return `/bridges/${encodeURIComponent(name)}`
}
