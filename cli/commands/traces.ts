import type { Command } from 'commander'
import type { Row } from '../api-client.ts'
import { columns } from '../columns.ts'
import { CommandFailure, exitCodes } from '../exit-codes.ts'
import { cell } from '../output/cell.ts'
import { type Session, sessionOf } from '../session.ts'
import { addList, wholeNumber } from './list-command.ts'

/** What happens to a client, a topic, an address, entry by entry. */
export function addTraces(program: Command): void {
  const trace = program.command('trace').description('record what happens to a client, a topic or an address')
  trace
    .command('start <name>')
    .description('begin to record')
    .option('--client <id>', 'what this client does, and what becomes of its messages')
    .option('--topic <filter>', 'topics that this filter matches')
    .option('--address <block>', 'clients of this address or CIDR block')
    .option('--tenant <name>', 'only in this tenant')
    .option('--for <time>', 'how long: 30s, 10m, 1h', seconds, 600)
    .option('--payload <bytes>', 'bytes of each payload to keep', wholeNumber, 0)
    .option('--entries <n>', 'end after so many entries', wholeNumber)
    .action(async (name: string, flags: StartFlags, command: Command) => {
      const { api, printer } = sessionOf(command)
      const { client: clientId, topic, address, tenant, for: time, payload: payloadBytes, entries } = flags
      const body = { name, clientId, topic, address, tenant, seconds: time, payloadBytes, entries }
      printer.thing(await api.call('POST', '/traces', { body }), name)
    })
  trace
    .command('list', { isDefault: true })
    .alias('ls')
    .description('traces, running or not')
    .action(async (_, command: Command) => {
      const { api, printer, repeat } = sessionOf(command)
      await repeat(async () => printer.rows((await api.call('GET', '/traces')) as Row[], columns.traces))
    })
  addList(trace, {
    name: 'show <name>',
    path: name => `${pathOf(name)}/entries`,
    columns: columns.traceEntries,
    describe: 'what a trace has recorded',
    flags: [['--event <word>', 'only entries of this kind: published, delivered, dropped, ...']],
  })
  trace
    .command('watch <name>')
    .description('print entries from the first on, as they come, until the trace ends')
    .action(async (name: string, _, command: Command) => watch(name, sessionOf(command)))
  trace
    .command('stop <name>')
    .description('record no more; what is recorded stays')
    .action(async (name: string, _, command: Command) => {
      const { api, printer } = sessionOf(command)
      printer.thing(await api.call('POST', `${pathOf(name)}/stop`), name)
    })
  trace
    .command('download <name>')
    .description('print all entries, one JSON value a line')
    .action(async (name: string, _, command: Command) => {
      for await (const chunk of await sessionOf(command).api.bytes(`${pathOf(name)}/download`))
        process.stdout.write(chunk)
    })
  trace
    .command('delete <name>')
    .alias('rm')
    .description('end a trace and forget what it has recorded')
    .action(async (name: string, _, command: Command) => {
      const { api, printer } = sessionOf(command)
      await api.call('DELETE', pathOf(name))
      printer.done(`${name} is deleted`)
    })
}

interface StartFlags {
  readonly client?: string
  readonly topic?: string
  readonly address?: string
  readonly tenant?: string
  readonly for: number
  readonly payload: number
  readonly entries?: number
}

/** Ends with the trace, or by a signal. */
async function watch(name: string, { api, printer }: Session): Promise<void> {
  const abort = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => abort.abort())
  const query = { channels: 'trace', trace: name }
  for await (const { event, data } of api.events(query, abort.signal)) {
    if (event !== 'trace') continue
    const { state, entries } = data as { state: string; entries: readonly Row[] }
    for (const entry of entries) process.stdout.write(`${printer.forPeople ? lineOf(entry) : JSON.stringify(entry)}\n`)
    if (state !== 'running') return printer.done(`the trace has ended: ${state}`)
  }
}

function lineOf({ at, event, clientId, topic, qos, payload, reason, from }: Row): string {
  const words = [
    String(at).slice(11, 23),
    String(event).padEnd(13),
    clientId ?? (from ? `(of ${String(from)})` : '-'),
    topic,
    qos === null ? '' : `QoS ${String(qos)}`,
    reason,
    payload,
  ]
  return words
    .map(cell)
    .filter(word => word !== '')
    .join('  ')
}

function seconds(text: string): number {
  const [, number = '', unit = 's'] = /^(\d{1,6})([smh]?)$/.exec(text) ?? []
  const factor = { s: 1, m: 60, h: 3_600 }[unit || 's'] ?? 1
  if (number === '')
    throw new CommandFailure(`expected a time such as 30s, 10m or 1h, got "${text}"`, { exitCode: exitCodes.usage })
  return Number(number) * factor
}

function pathOf(name: string): string {
  return `/traces/${encodeURIComponent(name)}`
}
