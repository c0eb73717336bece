import { Dialog as Radix } from 'radix-ui'
import type { ReactNode } from 'react'
import { useWords, words } from '../language/language.ts'
import { IconButton } from './button.tsx'
import { cx } from './class-names.ts'
import { X } from './icons.ts'

const text = words({ en: { close: 'Close' }, zh: { close: '关闭' } })

interface DialogProps {
  readonly open: boolean
  readonly onClose: () => void
  readonly title: string
  readonly description?: ReactNode
  readonly children: ReactNode
}

const overlay = 'fixed inset-0 z-40 bg-[oklch(15%_0.02_245/0.45)]'

export function Dialog({
  open,
  onClose,
  title,
  description,
  wide,
  children,
}: DialogProps & { readonly wide?: boolean }) {
  const { close } = useWords(text)
  return (
    <Radix.Root open={open} onOpenChange={next => next || onClose()}>
      <Radix.Portal>
        <Radix.Overlay className={overlay} />
        <Radix.Content
          className={cx(
            'appear fixed top-[8vh] left-1/2 z-50 flex max-h-[84vh] w-[calc(100vw-1.5rem)] -translate-x-1/2 flex-col rounded-lg border bg-surface shadow-float',
            wide ? 'max-w-3xl' : 'max-w-lg',
          )}
          {...(description === undefined && { 'aria-describedby': undefined })}
        >
          <header className="flex items-start justify-between gap-3 border-b py-2.5 pr-2 pl-4">
            <div className="pt-1">
              <Radix.Title className="text-base font-semibold">{title}</Radix.Title>
              {description !== undefined && (
                <Radix.Description className="mt-1 text-muted">{description}</Radix.Description>
              )}
            </div>
            <Radix.Close asChild>
              <IconButton label={close}>
                <X />
              </IconButton>
            </Radix.Close>
          </header>
          <div className="overflow-auto p-4">{children}</div>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}

/** From the left edge: the navigation where there is little room. */
export function Drawer(props: DialogProps) {
  return (
    <Headless {...props} className="fixed inset-y-0 left-0 z-50 w-64 overflow-auto border-r bg-surface shadow-float" />
  )
}

/** Near the top: the command palette. */
export function Sheet(props: DialogProps) {
  return (
    <Headless
      {...props}
      className="appear fixed top-[12vh] left-1/2 z-50 w-[calc(100vw-1.5rem)] max-w-xl -translate-x-1/2 overflow-hidden rounded-lg border bg-surface shadow-float"
    />
  )
}

/** Its title is for screen readers alone. */
function Headless({ open, onClose, title, children, className }: DialogProps & { readonly className: string }) {
  return (
    <Radix.Root open={open} onOpenChange={next => next || onClose()}>
      <Radix.Portal>
        <Radix.Overlay className={overlay} />
        <Radix.Content aria-describedby={undefined} className={className}>
          <Radix.Title className="sr-only">{title}</Radix.Title>
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}
