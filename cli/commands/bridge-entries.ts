import type { Command } from 'commander'
import type { Row } from '../api-client.ts'
import { columns } from '../columns.ts'
import { CommandFailure, exitCodes } from '../exit-codes.ts'
import { sessionOf } from '../session.ts'
import { readEntry } from './entry-file.ts'

const fileFlag = [
  '-f, --file <file>',
  'the entry, as the configuration has it, in YAML or JSON; - is standard input',
] as const

/** What bridges and connections are made of, and how they are made, changed and removed while the server runs. */
export function addBridgeEntries(bridge: Command): void {
  bridge
    .command('types [type]')
    .description('types of connections; of one type all options')
    .action(async (type: string | undefined, _, command: Command) => {
      const { api, printer } = sessionOf(command)
      const types = (await api.call('GET', '/bridge-types')) as readonly BridgeType[]
      if (type === undefined) printer.rows(types, columns.bridgeTypes)
      else printer.rows(optionsOf(types, type), columns.bridgeOptions)
    })
  bridge
    .command('connections')
    .description('connections to other systems, and which bridges use them')
    .action(async (_, command: Command) => {
      const { api, printer } = sessionOf(command)
      printer.rows((await api.call('GET', '/connections')) as Row[], columns.connections)
    })
  bridge
    .command('config <name>')
    .description('how it is configured; secrets are masked')
    .action(async (name: string, _, command: Command) => {
      const { api, printer } = sessionOf(command)
      const { config } = (await api.call('GET', `${pathOf('bridges', name)}/config`)) as Entry
      printer.thing(config, name)
    })
  addChanges(bridge, 'bridges')
  addConnection(bridge)
}

function addConnection(bridge: Command): void {
  const connection = bridge.command('connection').description('a connection to another system')
  connection
    .command('show <name>')
    .description('how it is configured, and which bridges use it; secrets are masked')
    .action(async (name: string, _, command: Command) => {
      const { api, printer } = sessionOf(command)
      printer.thing(await api.call('GET', pathOf('connections', name)), name)
    })
  connection
    .command('test <name>')
    .description('try what it needs, step by step, to the first that fails')
    .option('-f, --file <file>', 'an entry to try in its place, without keeping it; - is standard input')
    .action(async (name: string, { file }: { file?: string }, command: Command) => {
      const { api, printer } = sessionOf(command)
      const path = pathOf('connections', name)
      const rungs = (
        file === undefined
          ? await api.call('POST', `${path}/test`)
          : await api.call('POST', `${path}/try`, { body: await readEntry(file) })
      ) as Row[]
      printer.rows(rungs, columns.rungs)
      if (rungs.some(({ ok }) => ok !== true)) throw new CommandFailure(`${name} cannot work`)
    })
  addChanges(connection, 'connections')
}

function addChanges(parent: Command, kind: 'bridges' | 'connections'): void {
  parent
    .command('set <name>')
    .description('make it, or change it; a secret that is masked stays as it is')
    .requiredOption(...fileFlag)
    .action(async (name: string, { file }: { file: string }, command: Command) => {
      const { api, printer } = sessionOf(command)
      printer.thing(await api.call('PUT', pathOf(kind, name), { body: await readEntry(file) }), name)
    })
  parent
    .command('remove <name>')
    .alias('rm')
    .description(kind === 'bridges' ? 'remove it, and what waits for it' : 'remove it, when no bridge uses it')
    .action(async (name: string, _, command: Command) => {
      const { api, printer } = sessionOf(command)
      await api.call('DELETE', pathOf(kind, name))
      printer.done(`${name} is removed`)
    })
}

interface Entry {
  readonly config: unknown
}

const ways = ['connection', 'egress', 'ingress'] as const

type BridgeType = Row & { readonly type: string } & Readonly<Record<(typeof ways)[number], readonly Row[] | null>>

function optionsOf(types: readonly BridgeType[], type: string): readonly Row[] {
  const found = types.find(one => one.type === type)
  if (!found)
    throw new CommandFailure(`there is no type "${type}"; there are ${types.map(one => one.type).join(', ')}`, {
      exitCode: exitCodes.usage,
    })
  return ways.flatMap(of => (found[of] ?? []).map(option => ({ of, ...option })))
}

function pathOf(kind: 'bridges' | 'connections', name: string): string {
  return `/${kind}/${encodeURIComponent(name)}`
}
