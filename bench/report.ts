import type { Figures } from './load.ts'

/** What one broker did in one case: the median of each figure over the rounds, and how far the cost went apart. */
export interface Result {
  readonly case: string
  readonly broker: string
  readonly rounds: number
  readonly figures: Figures
  /** The least and the most of each figure. */
  readonly spread: Readonly<Record<string, readonly [least: number, most: number]>>
  /** Why there is nothing, where there is nothing. */
  readonly failed?: string
}

export function summarize(benchCase: string, broker: string, rounds: readonly Figures[], failed?: string): Result {
  const names = [...new Set(rounds.flatMap(figures => Object.keys(figures)))]
  const values = (name: string): number[] =>
    rounds
      .map(figures => figures[name])
      .filter((value): value is number => typeof value === 'number')
      .sort((a, b) => a - b)
  const figures = Object.fromEntries(names.map(name => [name, median(values(name))]))
  const spread = Object.fromEntries(
    names.map(name => [name, [values(name).at(0) ?? Number.NaN, values(name).at(-1) ?? Number.NaN]] as const),
  )
  return {
    case: benchCase,
    broker,
    rounds: rounds.length,
    figures,
    spread,
    ...(failed === undefined ? {} : { failed }),
  }
}

type Column = readonly [
  title: string,
  cell: (figure: (name: string) => number, result: Result, first?: Result) => string,
]

const whole = (value: number): string => (Number.isFinite(value) ? Math.round(value).toLocaleString('en') : '-')
const fixed = (value: number): string => (Number.isFinite(value) ? value.toFixed(2) : '-')
const kib = (bytes: number): string => fixed(bytes / 1024)
const mib = (bytes: number): string => whole(bytes / 1024 / 1024)

/** The cost, how far the rounds went apart, and the ratio to the second broker's when there is one. */
function cost(name: string, title = 'CPU µs/msg'): Column[] {
  const cpu = `${name}CpuUsPerMessage`
  const key = name === '' ? 'cpuUsPerMessage' : cpu
  const instructions = name === '' ? 'instructionsPerMessage' : `${name}InstructionsPerMessage`
  return [
    [title, figure => fixed(figure(key))],
    ['from-to', (_, { spread }) => (spread[key] ?? []).map(fixed).join('-')],
    ['× first', (figure, _, first) => fixed(figure(key) / (first?.figures[key] ?? Number.NaN))],
    ['instr/msg', figure => whole(figure(instructions))],
  ]
}

const loss: Column[] = [
  ['lost', figure => whole(figure('lost'))],
  ['dup', figure => whole(figure('duplicated'))],
]

const columns: Readonly<Record<'exchange' | 'connections' | 'retained' | 'offline', Column[]>> = {
  exchange: [
    ['msg/s', figure => whole(figure('deliveredPerS'))],
    ...cost(''),
    ['broker %', figure => whole(figure('brokerCpuPercent'))],
    ['gen %', figure => whole(figure('generatorCpuPercent'))],
    ['p50 µs', figure => whole(figure('latencyP50Us'))],
    ['p99 µs', figure => whole(figure('latencyP99Us'))],
    ['p99.9 µs', figure => whole(figure('latencyP999Us'))],
    ...loss,
    ['RSS MiB', figure => mib(figure('peakRssBytes'))],
  ],
  connections: [
    ['up', figure => whole(figure('connections'))],
    ['conn/s', figure => whole(figure('connectionsPerS'))],
    ['CPU µs/conn', figure => whole(figure('cpuUsPerConnection'))],
    ['KiB/conn', figure => kib(figure('bytesPerConnection'))],
    ['idle CPU %', figure => fixed(figure('idleCpuPercent'))],
    ['CPU µs/ping', figure => fixed(figure('cpuUsPerPing'))],
    ['RSS MiB', figure => mib(figure('peakRssBytes'))],
  ],
  retained: [...stages('store', 'deliver'), ...loss, ['B/retained', figure => whole(figure('bytesPerMessage'))]],
  offline: [...stages('enqueue', 'drain'), ...loss, ['B/queued', figure => whole(figure('bytesPerMessage'))]],
}

function stages(first: string, second: string): Column[] {
  return [first, second].flatMap((name): Column[] => [
    [`${name}/s`, figure => whole(figure(`${name}PerS`))],
    ...cost(name, 'CPU µs/msg'),
  ])
}

/** A table of one case; the first of the results is what the others are compared with. */
export function table(kind: keyof typeof columns, results: readonly Result[]): string {
  const chosen = columns[kind]
  const rows = [['case', 'broker', ...chosen.map(([title]) => title)]]
  const [first] = results
  for (const result of results) {
    const figure = (name: string): number => result.figures[name] ?? Number.NaN
    const cells = result.rounds > 0 ? chosen.map(([, cell]) => cell(figure, result, first)) : [result.failed ?? '-']
    rows.push([result.case, result.broker, ...cells])
  }
  const widths =
    rows[0]?.map((_, at) => Math.max(...rows.filter(({ length }) => length > 3).map(row => row[at]?.length ?? 0))) ?? []
  return rows
    .map(row =>
      row
        .map((cell, at) =>
          at < 2 ? cell.padEnd(Math.max(widths[at] ?? 0, at === 0 ? 10 : 11)) : cell.padStart(widths[at] ?? 0),
        )
        .join('  '),
    )
    .join('\n')
}

function median(sorted: readonly number[]): number {
  const middle = sorted.length / 2
  if (sorted.length === 0) return Number.NaN
  const upper = sorted[Math.floor(middle)] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}
