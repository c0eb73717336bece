import { parseArgs } from 'node:util'
import { brokers } from './brokers.ts'
import { cases } from './cases.ts'

export interface BenchArguments {
  readonly cases: readonly string[]
  readonly brokers: readonly string[]
  readonly rounds: number
  readonly timeMs: number
  readonly warmUpMs: number
  readonly json: string | undefined
  /** Idle connections at most. */
  readonly idle: number
  /** Where brokers keep their data; undefined: where temporary files are. */
  readonly data: string | undefined
  readonly oursArguments: readonly string[]
  /** As taskset names them. */
  readonly cores: string
  readonly generatorCores: string
}

export const usage = `npm run bench -- <case>[,<case>...] [options]

  --brokers a,b   ${[...brokers.keys()].join(', ')}; default: those that are installed. The first is what others are compared with
  --rounds N      rounds, the brokers in turns in each; medians are shown. Default: 3
  --time S        measured seconds of a run, for cases that last a time. Default: 3
  --warm-up S     seconds before them on the same connections. Default: 1
  --json FILE     writes all figures
  --idle N        idle connections at most, in cases that have some. Default: as many as the case says
  --data DIR      brokers keep their data there, on the disk that is to be measured. Default: the directory of temporary files
  --ours-arguments "A B"    further arguments of our server, divided by spaces
  --cores LIST, --generator-cores LIST    what the brokers and the generator may run on. Default: 0, and 1

Cases: ${[...cases.keys()].join(', ')}, all
`

/** Throws with what is wrong. */
export function readArguments(args: readonly string[]): BenchArguments {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      brokers: { type: 'string' },
      rounds: { type: 'string', default: '3' },
      time: { type: 'string', default: '3' },
      'warm-up': { type: 'string', default: '1' },
      json: { type: 'string' },
      idle: { type: 'string', default: '1000000' },
      data: { type: 'string' },
      'ours-arguments': { type: 'string', default: '' },
      cores: { type: 'string', default: '0' },
      'generator-cores': { type: 'string', default: '1' },
    },
  })
  const named = positionals.flatMap(text => text.split(','))
  if (named.length === 0) throw new Error('no case is named')
  return {
    cases: named.includes('all') ? [...cases.keys()] : named.map(name => known(name, cases, 'case')),
    brokers:
      values.brokers?.split(',').map(name => known(name, brokers, 'broker')) ??
      [...brokers.values()].filter(one => !one.onlyNamed && one.version() !== '').map(({ name }) => name),
    rounds: bounded('rounds', values.rounds, 1, 100),
    timeMs: bounded('time', values.time, 0.1, 600) * 1000,
    warmUpMs: bounded('warm-up', values['warm-up'], 0, 60) * 1000,
    json: values.json,
    idle: bounded('idle', values.idle, 0, 1_000_000),
    data: values.data,
    oursArguments: values['ours-arguments'].split(' ').filter(Boolean),
    cores: values.cores,
    generatorCores: values['generator-cores'],
  }
}

function known(name: string, among: ReadonlyMap<string, unknown>, what: string): string {
  if (among.has(name)) return name
  throw new Error(`there is no ${what} "${name}", only ${[...among.keys()].join(', ')}`)
}

function bounded(name: string, text: string, least: number, most: number): number {
  const value = Number(text)
  if (value >= least && value <= most) return value
  throw new Error(`--${name} is ${text}, and must be a number from ${least} to ${most}`)
}
