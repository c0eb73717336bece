import type { ReactNode } from 'react'
import { Command } from './copy-button.tsx'

/** What is shown where there is nothing yet: why, and the command that changes it. */
export function EmptyState({
  title,
  hint,
  command,
  children,
}: {
  readonly title: string
  readonly hint?: ReactNode
  readonly command?: string | undefined
  readonly children?: ReactNode
}) {
  return (
    <div className="mx-auto flex max-w-xl flex-col items-center gap-2 px-4 py-10 text-center">
      <p className="font-medium">{title}</p>
      {hint !== undefined && <p className="text-muted">{hint}</p>}
      {command !== undefined && (
        <div className="mt-1 max-w-full">
          <Command>{command}</Command>
        </div>
      )}
      {children}
    </div>
  )
}
