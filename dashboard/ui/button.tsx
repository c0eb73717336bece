import type { ComponentProps, ReactNode } from 'react'
import { cx } from './class-names.ts'

type Look = 'plain' | 'main' | 'danger' | 'ghost'

const looks: Readonly<Record<Look, string>> = {
  plain: 'border border-strong-line bg-surface hover:bg-raised',
  main: 'border border-transparent bg-accent text-on-accent hover:brightness-95 font-medium',
  danger: 'border border-transparent bg-bad text-surface hover:brightness-95 font-medium',
  ghost: 'border border-transparent hover:bg-raised text-muted hover:text-ink',
}

const base =
  'inline-flex shrink-0 items-center justify-center gap-1.5 rounded-md text-sm whitespace-nowrap transition-colors disabled:opacity-45 disabled:pointer-events-none [&_svg]:size-4 [&_svg]:shrink-0'

export interface ButtonProps extends ComponentProps<'button'> {
  readonly look?: Look
  readonly small?: boolean
}

export function Button({ look = 'plain', small = false, className, ...rest }: ButtonProps) {
  const size = small ? 'h-7 px-2' : 'h-8 px-3'
  return <button type="button" className={cx(base, size, looks[look], className)} {...rest} />
}

/** A button that is only a drawing; its label is for readers and as a tip. */
export function IconButton({
  label,
  children,
  look = 'ghost',
  small = false,
  className,
  ...rest
}: Omit<ButtonProps, 'aria-label' | 'title'> & { readonly label: string; readonly children: ReactNode }) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      className={cx(base, small ? 'size-7' : 'size-8', looks[look], className)}
      {...rest}
    >
      {children}
    </button>
  )
}
