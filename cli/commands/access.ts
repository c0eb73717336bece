import { createInterface } from 'node:readline'
import { type Command, Option } from 'commander'
import type { Row } from '../api-client.ts'
import { columns } from '../columns.ts'
import { CommandFailure, exitCodes } from '../exit-codes.ts'
import { sessionOf } from '../session.ts'
import { addList, wholeNumber } from './list-command.ts'

const banKinds = ['client-id', 'client-id-pattern', 'user', 'user-pattern', 'address', 'address-block'] as const

/** Who may do what. */
export function addAccess(program: Command): void {
  addUsers(program)
  addAcl(program)
  addBans(program)
}

function addUsers(program: Command): void {
  const user = program.command('user').description('users of the broker')
  addList(user, {
    path: '/users',
    columns: columns.users,
    describe: 'users of the broker',
    flags: [['--search <text>', 'part of the name']],
  })
  user
    .command('add <name>')
    .description('add a user, or set its password; the password is read from standard input')
    .option('--superuser', 'no rule is asked for this user')
    .option('--tenant <name>', 'the tenant it belongs to')
    .action(async (name: string, { superuser, tenant }: { superuser?: boolean; tenant?: string }, command: Command) => {
      const { api, printer } = sessionOf(command)
      const password = await firstLine()
      const body = { password, superuser: superuser === true, tenant }
      printer.thing(await api.call('PUT', `/users/${encodeURIComponent(name)}`, { body }), name)
    })
  user
    .command('remove <name>')
    .alias('rm')
    .description('remove a user')
    .action(async (name: string, _, command: Command) => {
      const { api, printer } = sessionOf(command)
      await api.call('DELETE', `/users/${encodeURIComponent(name)}`)
      printer.done(`${name} is removed`)
    })
}

function addAcl(program: Command): void {
  const acl = program.command('acl').description('rules: who may publish and subscribe to what')
  const showRules = async (command: Command, answer: unknown) => {
    const { rules } = answer as { rules: readonly Row[] | null }
    sessionOf(command).printer.rows(
      (rules ?? []).map((rule, index) => ({ index, ...rule })),
      columns.rules,
    )
  }
  acl
    .command('list', { isDefault: true })
    .alias('ls')
    .description('the rules, in the order they are tried')
    .action(async (_, command: Command) => showRules(command, await sessionOf(command).api.call('GET', '/acl')))
  acl
    .command('add')
    .description('add a rule')
    .addOption(new Option('--effect <effect>', 'what it does').choices(['allow', 'deny']).makeOptionMandatory())
    .addOption(new Option('--action <action>', 'of what').choices(['publish', 'subscribe', 'all']).default('all'))
    .option('--filter <filter...>', 'topic filters; none: every topic')
    .option('--user <name>', 'only this user')
    .option('--client <id>', 'only this client id')
    .option('--address <block>', 'only from this address or CIDR block')
    .option('--at <index>', 'its place; none: the end', wholeNumber)
    .action(async (given: AclFlags, command: Command) => {
      const { effect, action, filter: filters, user, client: clientId, address, at: index } = given
      const body = { effect, action, filters, user, clientId, address, index }
      await showRules(command, await sessionOf(command).api.call('POST', '/acl/rules', { body }))
    })
  acl
    .command('remove <index>')
    .alias('rm')
    .description('remove a rule')
    .action(async (index: string, _, command: Command) =>
      showRules(command, await sessionOf(command).api.call('DELETE', `/acl/rules/${encodeURIComponent(index)}`)),
    )
  acl
    .command('explain <client> <action> <topic>')
    .description('may client publish to, subscribe to, receive topic, and which rule decides')
    .option('--user <name>', 'the user, where the client has no session')
    .action(async (clientId: string, action: string, topic: string, { user }: { user?: string }, command: Command) => {
      const { api, printer } = sessionOf(command)
      const answer = await api.call('POST', '/acl/explain', { body: { clientId, action, topic, user } })
      printer.thing(answer, String((answer as { allowed: boolean }).allowed))
    })
}

interface AclFlags {
  readonly effect: string
  readonly action: string
  readonly filter?: readonly string[]
  readonly user?: string
  readonly client?: string
  readonly address?: string
  readonly at?: number
}

function addBans(program: Command): void {
  const ban = program.command('ban').description('who is kept out')
  addList(ban, { path: '/bans', columns: columns.bans, describe: 'who is kept out' })
  addList(ban, {
    name: 'flapping',
    path: '/flapping',
    columns: columns.flapping,
    describe: 'clients that come and go: those that may be banned soon, and those that are',
  })
  ban
    .command('add <kind> <value>')
    .description(`keep somebody out; kinds: ${banKinds.join(', ')}`)
    .option('--until <time>', 'when it ends: 2030-12-31T18:00:00Z')
    .option('--reason <text>', 'for those who read the list')
    .action(
      async (kind: string, value: string, { until, reason }: { until?: string; reason?: string }, command: Command) => {
        const { api, printer } = sessionOf(command)
        printer.thing(await api.call('POST', '/bans', { body: { kind, value, until, reason } }), value)
      },
    )
  ban
    .command('remove <kind> <value>')
    .alias('rm')
    .description('let somebody in again')
    .action(async (kind: string, value: string, _, command: Command) => {
      const { api, printer } = sessionOf(command)
      await api.call('DELETE', '/bans', { query: { kind, value } })
      printer.done(`${value} may come again`)
    })
}

/** Never from the command line, which others can see. */
async function firstLine(): Promise<string> {
  if (process.stdin.isTTY) process.stderr.write('Password: ')
  const lines = createInterface({ input: process.stdin, terminal: process.stdin.isTTY === true })
  for await (const line of lines) {
    lines.close()
    process.stdin.destroy()
    if (process.stdin.isTTY) process.stderr.write('\n')
    return line
  }
  throw new CommandFailure('no password came on standard input', { exitCode: exitCodes.usage })
}
