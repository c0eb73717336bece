import type { Command } from 'commander'
import { columns } from '../columns.ts'
import { readContexts, writeContexts } from '../contexts.ts'
import { CommandFailure, exitCodes } from '../exit-codes.ts'
import { sessionOf } from '../session.ts'

/** Which servers there are, and which one is meant. */
export function addContext(program: Command): void {
  const context = program.command('context').description('servers by name')
  context
    .command('list', { isDefault: true })
    .alias('ls')
    .description('the servers that are known')
    .action((_, command: Command) => {
      const { current, contexts } = readContexts(process.env)
      const rows = Object.entries(contexts).map(([name, { url, key }]) => {
        return { mark: name === current ? '*' : '', name, url, key: key === undefined ? '' : `${key.slice(0, 8)}...` }
      })
      sessionOf(command).printer.rows(rows, columns.contexts)
    })
  context
    .command('set <name>')
    .description('add or change a server: with --url, and --api-key where it needs one')
    .action((name: string, _, command: Command) => {
      const { flags, printer } = sessionOf(command)
      const { current, contexts } = readContexts(process.env)
      const before = contexts[name]
      const url = flags.url ?? before?.url
      if (url === undefined || !URL.canParse(url))
        throw new CommandFailure('expected --url with the address of an HTTP API', {
          exitCode: exitCodes.usage,
          next: `robust-ctl context set ${name} --url http://HOST:8080`,
        })
      const key = flags.apiKey ?? before?.key
      const changed = { ...contexts, [name]: { url, ...(key !== undefined && { key }) } }
      writeContexts(process.env, { current: Object.keys(contexts).length === 0 ? name : current, contexts: changed })
      printer.done(`${name} is ${url}; use it with: robust-ctl context use ${name}`)
    })
  context
    .command('use <name>')
    .description('speak to this server from now on')
    .action((name: string, _, command: Command) => {
      const { contexts } = known(name)
      writeContexts(process.env, { current: name, contexts })
      sessionOf(command).printer.done(`${name} is the current context`)
    })
  context
    .command('remove <name>')
    .alias('rm')
    .description('forget a server')
    .action((name: string, _, command: Command) => {
      const { current, contexts } = known(name)
      if (name === current)
        throw new CommandFailure(`"${name}" is the current context; use another one first`, {
          exitCode: exitCodes.usage,
        })
      const { [name]: _gone, ...others } = contexts
      writeContexts(process.env, { current, contexts: others })
      sessionOf(command).printer.done(`${name} is forgotten`)
    })
}

function known(name: string): ReturnType<typeof readContexts> {
  const read = readContexts(process.env)
  if (Object.hasOwn(read.contexts, name)) return read
  throw new CommandFailure(`there is no context "${name}"; known: ${Object.keys(read.contexts).join(', ')}`, {
    exitCode: exitCodes.usage,
  })
}
