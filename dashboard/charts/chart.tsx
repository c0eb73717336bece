import { useEffect, useMemo, useRef, useState } from 'react'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { useLanguage } from '../language/language.ts'
import { useScheme } from '../theme/scheme.ts'
import { cx } from '../ui/class-names.ts'

export interface Line {
  readonly label: string
  /** A colour of the theme. */
  readonly colour: 'accent' | 'blue' | 'violet' | 'warn' | 'bad' | 'good'
}

export interface ChartProps {
  readonly label: string
  readonly lines: readonly Line[]
  /** Seconds since the epoch, and a row of values for each line. */
  readonly times: readonly number[]
  readonly values: readonly (readonly number[])[]
  readonly write: (value: number) => string
  readonly height?: number
}

const backgrounds: Readonly<Record<Line['colour'], string>> = {
  accent: 'bg-accent',
  blue: 'bg-blue',
  violet: 'bg-violet',
  warn: 'bg-warn',
  bad: 'bg-bad',
  good: 'bg-good',
}

/** Lines over time, drawn on a canvas; the caption says the newest values, or those under the pointer. */
export function Chart({ label, lines, times, values, write, height = 132 }: ChartProps) {
  const [hovered, setHovered] = useState<number | null>(null)
  const box = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | undefined>(undefined)
  const scheme = useScheme()
  const language = useLanguage()
  const names = lines.map(one => `${one.label}/${one.colour}`).join()
  const writer = useRef(write)
  writer.current = write
  const data = useMemo(() => [[...times], ...values.map(row => [...row])] as uPlot.AlignedData, [times, values])
  const newest = useRef(data)
  newest.current = data

  // biome-ignore lint/correctness/useExhaustiveDependencies: a canvas is drawn anew for another theme or language.
  useEffect(() => {
    const element = box.current
    if (!element) return undefined
    const made = new uPlot(
      optionsOf(lines, {
        width: element.clientWidth,
        height,
        write: value => writer.current(value),
        onHover: setHovered,
      }),
      newest.current,
      element,
    )
    plot.current = made
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }))
    observer.observe(element)
    return () => {
      observer.disconnect()
      made.destroy()
      plot.current = undefined
    }
  }, [names, scheme, language, height])

  useEffect(() => plot.current?.setData(data), [data])

  const newestOf = (at: number) => write(values[at]?.[hovered ?? times.length - 1] ?? 0)
  return (
    <figure className="min-w-0">
      <figcaption className="flex h-9 items-center justify-between gap-3 px-3">
        <span className="truncate font-medium">{label}</span>
        <span className="numbers flex gap-3 text-xs text-muted">
          {lines.map((line, at) => (
            <span key={line.label} className="inline-flex items-center gap-1.5 whitespace-nowrap">
              <span aria-hidden="true" className={cx('h-0.5 w-3 rounded', backgrounds[line.colour])} />
              {line.label} <span className="text-ink">{newestOf(at)}</span>
            </span>
          ))}
        </span>
      </figcaption>
      <div ref={box} aria-hidden="true" className="min-w-0 pr-1 pb-1 pl-1" style={{ height }} />
    </figure>
  )
}

function optionsOf(
  lines: readonly Line[],
  {
    width,
    height,
    write,
    onHover,
  }: { width: number; height: number; write: (value: number) => string; onHover: (index: number | null) => void },
): uPlot.Options {
  const ink = colourOf('muted')
  const grid = { stroke: colourOf('line'), width: 1 }
  const font = '11px ui-sans-serif, system-ui, sans-serif'
  return {
    width,
    height,
    // On the right, room for half of the last time of the axis.
    padding: [8, 28, 0, 0],
    legend: { show: false },
    // All charts of a page point at the same moment.
    cursor: { y: false, points: { size: 5 }, drag: { x: false, y: false }, sync: { key: 'time' } },
    hooks: { setCursor: [({ cursor }) => onHover(cursor.idx ?? null)] },
    scales: { y: { range: (_, __, most) => [0, Math.max(most * 1.15, 1)] } },
    axes: [
      {
        stroke: ink,
        grid: { show: false },
        ticks: { show: false },
        font,
        size: 22,
        gap: 4,
        space: 70,
        // The first would stand under the axis of values.
        values: (_, splits) => ['', ...splits.slice(1).map(clockOf(splits))],
      },
      {
        stroke: ink,
        grid,
        ticks: { show: false },
        font,
        size: 52,
        gap: 6,
        space: 28,
        values: (_, splits) => splits.map(write),
      },
    ],
    series: [
      {},
      ...lines.map(({ label, colour }) => ({
        label,
        stroke: colourOf(colour),
        width: 1.5,
        fill: lines.length === 1 ? `color-mix(in oklab, ${colourOf(colour)} 10%, transparent)` : 'transparent',
        points: { show: false },
        value: (_: uPlot, value: number | null) => (value === null ? '–' : write(value)),
      })),
    ],
  }
}

/** Seconds where they differ, dates where there are several days. */
function clockOf(splits: readonly number[]): (at: number) => string {
  const [first = 0] = splits
  const last = splits.at(-1) ?? first
  const step = (splits[1] ?? first) - first
  const locale = document.documentElement.lang
  const style: Intl.DateTimeFormatOptions =
    last - first > 2 * 86_400
      ? { month: 'numeric', day: 'numeric' }
      : { hour: '2-digit', minute: '2-digit', ...(step < 60 && { second: '2-digit' }), hour12: false }
  const format = new Intl.DateTimeFormat(locale, style)
  return at => format.format(at * 1_000)
}

/** A canvas takes a colour, not the name of one. */
function colourOf(name: string): string {
  const probe = document.createElement('span')
  probe.style.color = `var(--color-${name})`
  document.body.append(probe)
  const { color } = getComputedStyle(probe)
  probe.remove()
  return color
}
