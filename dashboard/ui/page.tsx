import type { ReactNode } from 'react'
import { useEffect } from 'react'

/** The frame of a page: its title, its acts, its content. */
export function Page({
  title,
  about,
  acts,
  children,
}: {
  readonly title: string
  readonly about?: ReactNode
  readonly acts?: ReactNode
  readonly children: ReactNode
}) {
  useEffect(() => {
    document.title = `${title} · RobustMQ`
  }, [title])
  return (
    <div className="mx-auto flex w-full max-w-[110rem] flex-col gap-4 p-4 lg:p-6">
      <header className="flex flex-wrap items-end justify-between gap-x-4 gap-y-2">
        <div className="min-w-0">
          <h1 className="truncate text-xl font-semibold tracking-tight">{title}</h1>
          {about !== undefined && <p className="mt-0.5 text-muted">{about}</p>}
        </div>
        {acts !== undefined && <div className="flex flex-wrap items-center gap-2">{acts}</div>}
      </header>
      {children}
    </div>
  )
}

export function Loading() {
  return (
    <div className="grid place-items-center p-12" aria-hidden="true">
      <span className="size-5 animate-spin rounded-full border-2 border-line border-t-accent" />
    </div>
  )
}
