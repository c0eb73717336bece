import { useMemo } from 'react'
import { type Language, localeOf, useLanguage } from './language.ts'

/** How numbers and times are written for people. */
export interface Format {
  /** 12,345 */
  count(value: number): string
  /** 12.3K where there is little room. */
  short(value: number): string
  /** 1.5 MB */
  bytes(value: number): string
  percent(value: number): string
  /** Of seconds: 3 h 12 min */
  duration(seconds: number): string
  /** The time of day, with the date where it is not today. */
  time(at: string | number): string
  /** 3 minutes ago */
  ago(at: string | number): string
}

export function useFormat(): Format {
  const language = useLanguage()
  return useMemo(() => formatOf(language), [language])
}

function formatOf(language: Language): Format {
  const locale = localeOf(language)
  const plain = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 })
  const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 })
  const clock = new Intl.DateTimeFormat(locale, { timeStyle: 'medium' })
  const day = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'medium' })
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto', style: 'short' })
  const unit = (value: number, name: string) =>
    new Intl.NumberFormat(locale, {
      style: 'unit',
      unit: name,
      unitDisplay: 'narrow',
      maximumFractionDigits: 0,
    }).format(value)
  return {
    count: value => plain.format(value),
    short: value => (Math.abs(value) < 10_000 ? plain.format(Math.round(value * 10) / 10) : compact.format(value)),
    bytes,
    percent: value => `${plain.format(value)} %`,
    duration: seconds => {
      const parts = spansOf(seconds)
      return parts.map(([value, name]) => unit(value, name)).join(' ')
    },
    time: at => {
      const date = new Date(at)
      return date.toDateString() === new Date().toDateString() ? clock.format(date) : day.format(date)
    },
    ago: at => {
      const seconds = (new Date(at).getTime() - Date.now()) / 1_000
      const [value, name] = spansOf(Math.abs(seconds))[0] ?? [0, 'second']
      return relative.format(seconds < 0 ? -value : value, name)
    },
  }
}

function bytes(value: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB']
  let left = value
  let at = 0
  for (; Math.abs(left) >= 1_000 && at < units.length - 1; at++) left /= 1_000
  return `${at === 0 || left >= 100 ? Math.round(left) : left.toFixed(1)} ${units[at]}`
}

type Span = 'day' | 'hour' | 'minute' | 'second'

/** The two largest parts of a duration. */
function spansOf(seconds: number): [value: number, name: Span][] {
  const sizes: [Span, number][] = [
    ['day', 86_400],
    ['hour', 3_600],
    ['minute', 60],
    ['second', 1],
  ]
  let left = Math.round(seconds)
  const parts: [number, Span][] = []
  for (const [name, size] of sizes) {
    const value = Math.floor(left / size)
    left -= value * size
    if (value > 0 || (name === 'second' && parts.length === 0)) parts.push([value, name])
  }
  return parts.slice(0, 2)
}
