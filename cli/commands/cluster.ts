import type { Command } from 'commander'
import type { Row } from '../api-client.ts'
import { columns } from '../columns.ts'
import { sessionOf } from '../session.ts'

/** The server as a whole. */
export function addCluster(program: Command): void {
  const cluster = program.command('cluster').description('the server as a whole')
  cluster
    .command('status')
    .description('the most important numbers')
    .action(async (_, command: Command) => {
      const { api, printer, repeat } = sessionOf(command)
      await repeat(async () => printer.thing(await api.call('GET', '/overview')))
    })
  for (const [name, path, of, describe] of [
    ['node', '/nodes', columns.nodes, 'nodes of the cluster'],
    ['listener', '/listeners', columns.listeners, 'where clients connect'],
    ['alarm', '/alarms', columns.alarms, 'alarms that last'],
  ] as const) {
    cluster
      .command(name)
      .description(describe)
      .command('list', { isDefault: true })
      .alias('ls')
      .description(describe)
      .action(async (_, command: Command) => {
        const { api, printer, repeat } = sessionOf(command)
        await repeat(async () => printer.rows((await api.call('GET', path)) as Row[], of))
      })
  }
  addConfig(cluster)
  addConfig(program)
  program
    .command('plugin')
    .description('plugins in use')
    .command('list', { isDefault: true })
    .alias('ls')
    .description('plugins in use, and what they say of themselves')
    .action(async (_, command: Command) => {
      const { api, printer } = sessionOf(command)
      printer.rows((await api.call('GET', '/plugins')) as Row[], columns.plugins)
    })
  const backup = program.command('backup').description('copies of the data')
  backup
    .command('create', { isDefault: true })
    .description('copy all durable data while the server runs, on its own machine')
    .action(async (_, command: Command) => {
      const { api, printer } = sessionOf(command)
      const made = (await api.call('POST', '/backup')) as { directory: string }
      printer.thing(made, made.directory)
    })
}

function addConfig(parent: Command): void {
  const config = parent.command('config').description('the configuration of the running server')
  config
    .command('get [path]')
    .description('effective values, and where they come from; of the keys that begin with the path')
    .action(async (path: string | undefined, _, command: Command) => {
      const { api, printer } = sessionOf(command)
      printer.rows((await api.call('GET', '/config', { query: { path } })) as Row[], columns.config)
    })
  config
    .command('set <path> <value>')
    .description('change a key that may change while the server runs; the value is JSON, or a text')
    .action(async (path: string, value: string, _, command: Command) => {
      const { api, printer } = sessionOf(command)
      const rows = await api.call('PATCH', '/config', { body: { values: { [path]: jsonOrText(value) } } })
      printer.rows(rows as Row[], columns.config)
    })
  config
    .command('reset <path>')
    .description('take a change back: the configuration decides again')
    .action(async (path: string, _, command: Command) => {
      const { api, printer } = sessionOf(command)
      await api.call('DELETE', `/config/${encodeURIComponent(path)}`)
      printer.done(`${path} is as the configuration says`)
    })
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
