import { median, type Verdict } from './gates.ts'
import type { Figures, Load } from './load.ts'

/** What one broker did in one case: the median of each figure over the rounds, and how far they went apart. */
export interface Result {
  readonly case: string
  /** base: what the case's load is compared with. */
  readonly part: 'load' | 'base'
  readonly broker: string
  readonly runs: readonly Figures[]
  readonly figures: Figures
  /** The least and the most of each figure. */
  readonly spread: Readonly<Record<string, readonly [least: number, most: number]>>
  /** Why there is nothing, or less than was asked for. */
  readonly failed?: string
}

export function summarize(
  measured: Pick<Result, 'case' | 'part' | 'broker' | 'runs'> & { readonly failed?: string | undefined },
): Result {
  const { failed, ...rest } = measured
  const names = [...new Set(rest.runs.flatMap(figures => Object.keys(figures)))]
  const values = (name: string): number[] =>
    rest.runs
      .map(figures => figures[name])
      .filter((value): value is number => typeof value === 'number')
      .sort((a, b) => a - b)
  const figures = Object.fromEntries(names.map(name => [name, median(values(name))]))
  const spread = Object.fromEntries(
    names.map(name => [name, [values(name).at(0) ?? Number.NaN, values(name).at(-1) ?? Number.NaN]] as const),
  )
  return { ...rest, figures, spread, ...(failed === undefined ? {} : { failed }) }
}

/** One line a gate: the value, the limit, and by how much it was missed. */
export function verdicts(judged: readonly Verdict[]): string {
  return judged
    .map(({ case: name, figure, of, most, least, value, spread, verdict }) => {
      const limit = most ?? least ?? Number.NaN
      const by = most === undefined ? limit / value : value / limit
      const judgement = {
        met: 'met',
        noise: `missed by ${by.toFixed(2)} times, within the noise of the rounds`,
        missed: `MISSED by ${by.toFixed(2)} times`,
      }[verdict]
      const compared = of === 'itself' ? '' : ` / ${of}`
      const range = `${figureText(spread[0])}-${figureText(spread[1])}`
      const bound = `at ${most === undefined ? 'least' : 'most'} ${figureText(limit)}`
      return `gate  ${name}  ours: ${figure}${compared}  ${figureText(value)} (${range}), ${bound}: ${judgement}`
    })
    .join('\n')
}

const figureText = (value: number): string => (value < 100 ? value.toFixed(2) : Math.round(value).toLocaleString('en'))

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

/** Faults: clients that were closed, refusals, payloads that nobody sent. */
const loss: Column[] = [
  ['lost', figure => whole(figure('lost'))],
  ['dup', figure => whole(figure('duplicated'))],
  ['disorder', figure => whole(figure('reordered'))],
  ['faults', figure => whole(figure('errors') + figure('closed'))],
]

const columns: Readonly<Record<Load['kind'], Column[]>> = {
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
  subscriptions: [
    ['filters', figure => whole(figure('filters'))],
    ['B/filter', figure => whole(figure('bytesPerSubscription'))],
    ['filled/s', figure => whole(figure('filledPerS'))],
    ['unsub/s', figure => whole(figure('unsubscribedPerS'))],
    ['CPU µs', figure => fixed(figure('unsubscribeCpuUs'))],
    ['sub/s', figure => whole(figure('subscribedPerS'))],
    ['CPU µs', figure => fixed(figure('subscribeCpuUs'))],
    ['gen %', figure => whole(figure('generatorCpuPercent'))],
    ['faults', figure => whole(figure('errors'))],
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
    const cells =
      result.runs.length > 0 ? chosen.map(([, cell]) => cell(figure, result, first)) : [result.failed ?? '-']
    rows.push([result.part === 'base' ? `${result.case} (base)` : result.case, result.broker, ...cells])
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
