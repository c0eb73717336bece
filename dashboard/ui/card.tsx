import type { ComponentProps, ReactNode } from 'react'
import { cx } from './class-names.ts'

export function Card({ className, ...rest }: ComponentProps<'section'>) {
  return <section className={cx('rounded-lg border bg-surface shadow-card', className)} {...rest} />
}

export function CardHead({ title, children }: { title: ReactNode; children?: ReactNode }) {
  return (
    <header className="flex min-h-10 flex-wrap items-center justify-between gap-x-3 gap-y-1 border-b px-4 py-1.5">
      <h2 className="font-semibold">{title}</h2>
      {children}
    </header>
  )
}

/** Names and values, below each other where it is narrow. */
export function Facts({ facts }: { facts: readonly (readonly [name: string, value: ReactNode])[] }) {
  return (
    <dl className="grid grid-cols-1 gap-x-6 px-4 py-2 sm:grid-cols-[minmax(8rem,auto)_1fr]">
      {facts.map(([name, value]) => (
        <div key={name} className="grid grid-cols-subgrid border-b py-1.5 last:border-b-0 sm:col-span-2">
          <dt className="text-muted">{name}</dt>
          <dd className="numbers min-w-0 break-words">{value}</dd>
        </div>
      ))}
    </dl>
  )
}
