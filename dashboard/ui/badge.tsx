import type { ReactNode } from 'react'
import { cx } from './class-names.ts'

export type Tone = 'calm' | 'good' | 'warn' | 'bad' | 'accent'

const tones: Readonly<Record<Tone, string>> = {
  calm: 'bg-raised text-muted',
  good: 'bg-good-soft text-good',
  warn: 'bg-warn-soft text-warn',
  bad: 'bg-bad-soft text-bad',
  accent: 'bg-accent-soft text-accent',
}

export function Badge({ tone = 'calm', children }: { tone?: Tone; children: ReactNode }) {
  return (
    <span className={cx('inline-flex items-center gap-1 rounded px-1.5 py-px text-xs font-medium', tones[tone])}>
      {children}
    </span>
  )
}

const dots: Readonly<Record<Tone, string>> = {
  calm: 'bg-strong-line',
  good: 'bg-good',
  warn: 'bg-warn',
  bad: 'bg-bad',
  accent: 'bg-accent',
}

/** A state in a word, with a dot of its colour. */
export function Dot({ tone, children }: { tone: Tone; children: ReactNode }) {
  return (
    <span className="inline-flex items-center gap-1.5 whitespace-nowrap">
      <span aria-hidden="true" className={cx('size-2 rounded-full', dots[tone])} />
      {children}
    </span>
  )
}
