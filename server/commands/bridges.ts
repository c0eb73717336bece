import { closeAll, prepareBridges } from '../../kernel/bridging/bridges.ts'
import { climbLadder } from '../../kernel/bridging/ladder.ts'
import { CounterSet } from '../../kernel/observe/counters.ts'
import { silentLogger } from '../../kernel/observe/silent-logger.ts'
import { BrokerError, type Rung } from '../../kernel/plugin.ts'
import { systemClock } from '../../kernel/system-clock.ts'
import { version } from '../../kernel/version.ts'
import { printable } from '../adapters/printable.ts'
import { catalogue } from '../catalogue.ts'
import { bridgingOptions, type ConfigSources, type LoadedConfig, loadConfig, secretTexts } from '../config/index.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'

type Sources = Omit<ConfigSources, 'catalogue' | 'environment'>

/** The bridges of a configuration, a line each. */
export async function listBridges(sources: Sources): Promise<ExitCode> {
  const loaded = await read(sources)
  const rows = Object.entries(loaded.config.bridges).map(([name, bridge]) => rowOf(name, bridge, loaded))
  if (rows.length === 0) print('no bridges are configured')
  const widths = [0, 1, 2, 3].map(column => Math.max(...rows.map(row => row[column]?.length ?? 0)))
  for (const row of rows)
    print(
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
  return exitCodes.ok
}

function rowOf(name: string, bridge: Readonly<Record<string, unknown>>, { config }: LoadedConfig): string[] {
  const out = bridge.egress !== undefined
  const side = (out ? bridge.to : bridge.ingress) as { readonly connection: string }
  const type = config.connections[side.connection]?.type ?? ''
  const filters = out ? [bridge.egress].flat().join(' ') : ''
  return [name, out ? 'egress' : 'ingress', `${side.connection} (${type})`, filters]
}

/** Climbs the ladder of one bridge, or of all; ends with 1 when a rung fails. No broker needs to run. */
export async function testBridges(name: string | undefined, sources: Sources): Promise<ExitCode> {
  const loaded = await read(sources)
  const { connections, bridges } = bridgingOptions(loaded.config, loaded.plugins)
  const chosen = Object.entries(bridges).filter(([bridge]) => name === undefined || bridge === name)
  if (chosen.length === 0) {
    const known = Object.keys(bridges).join(', ') || 'none'
    throw new BrokerError('CONFIG_INVALID', `there is no bridge "${name ?? ''}"; known are ${known}`)
  }
  const enabled = Object.fromEntries(chosen.map(([bridge, options]) => [bridge, { ...options, enabled: true }]))
  const host = {
    ...{ node: loaded.config.node.name, version, clock: systemClock, logger: silentLogger },
    counters: new CounterSet(),
  }
  const prepared = await prepareBridges({ connections, bridges: enabled }, host)
  const secrets = secretTexts(loaded)
  let exitCode: ExitCode = exitCodes.ok
  try {
    for (const [bridge, { options, ends }] of prepared) {
      print(`${bridge}: ${options.direction} ${options.connection} (${ends.type})`)
      const target = options.direction === 'egress' ? { to: options.to } : { from: options.from }
      for await (const rung of climbLadder(ends.connection, target as never, systemClock)) {
        for (const line of linesOf(rung)) print(hidden(line, secrets))
        if (!rung.ok) exitCode = exitCodes.failed
      }
    }
  } finally {
    await closeAll(prepared)
  }
  return exitCode
}

function linesOf({ name, ms, ok, detail, mend }: Rung): string[] {
  const line = `  ${ok ? 'ok    ' : 'FAILED'}  ${name.padEnd(10)} ${`${Math.round(ms)} ms`.padStart(8)}  ${detail}`
  return mend === undefined ? [line] : [line, `          ${mend}`]
}

function hidden(text: string, secrets: ReadonlySet<string>): string {
  let shown = text
  for (const secret of secrets) if (secret !== '') shown = shown.replaceAll(secret, '********')
  return shown
}

function read(sources: Sources): Promise<LoadedConfig> {
  return loadConfig({ ...sources, catalogue, environment: process.env })
}

function print(line: string): void {
  process.stdout.write(`${printable(line)}\n`)
}
