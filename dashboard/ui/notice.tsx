import type { ReactNode } from 'react'
import type { Tone } from './badge.tsx'
import { cx } from './class-names.ts'
import { CircleAlert } from './icons.ts'

const tones: Readonly<Record<Extract<Tone, 'warn' | 'bad' | 'accent'>, string>> = {
  warn: 'bg-warn-soft text-warn',
  bad: 'bg-bad-soft text-bad',
  accent: 'bg-accent-soft text-accent',
}

/** Something to know about the whole page. */
export function Notice({ tone, children }: { tone: keyof typeof tones; children: ReactNode }) {
  return (
    <div className={cx('flex items-start gap-2 rounded-lg px-3 py-2', tones[tone])}>
      <CircleAlert aria-hidden="true" className="mt-px size-4 shrink-0" />
      <div className="min-w-0 flex-1">{children}</div>
    </div>
  )
}
