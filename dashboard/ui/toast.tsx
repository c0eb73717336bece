import { useSyncExternalStore } from 'react'
import { useWords, words } from '../language/language.ts'
import { IconButton } from './button.tsx'
import { cx } from './class-names.ts'
import { CircleAlert, CircleCheck, X } from './icons.ts'

const text = words({ en: { close: 'Close' }, zh: { close: '关闭' } })

interface Toast {
  readonly id: number
  readonly tone: 'good' | 'bad'
  readonly message: string
}

const shownMs = 5_000
const shownAtOnce = 3
let toasts: readonly Toast[] = []
let next = 1
const watchers = new Set<() => void>()

function become(now: readonly Toast[]): void {
  toasts = now
  for (const watcher of watchers) watcher()
}

/** Says for a moment what became of an act; what went wrong stays until it is closed. */
export function toast(message: string, tone: Toast['tone'] = 'good'): void {
  const id = next++
  become([...toasts, { id, tone, message }].slice(-shownAtOnce))
  if (tone === 'good') setTimeout(() => become(toasts.filter(one => one.id !== id)), shownMs)
}

export function toastFailure(error: Error): void {
  toast(error.message, 'bad')
}

export function Toasts() {
  const { close } = useWords(text)
  const shown = useSyncExternalStore(
    watcher => {
      watchers.add(watcher)
      return () => watchers.delete(watcher)
    },
    () => toasts,
  )
  return (
    <div
      role="status"
      aria-live="polite"
      className="pointer-events-none fixed right-3 bottom-3 z-[60] flex flex-col gap-2"
    >
      {shown.map(({ id, tone, message }) => (
        <div
          key={id}
          className="appear pointer-events-auto flex max-w-sm items-start gap-2 rounded-md border bg-surface py-1.5 pr-1 pl-3 shadow-float"
        >
          <span className={cx('pt-1 [&_svg]:size-4', tone === 'good' ? 'text-good' : 'text-bad')}>
            {tone === 'good' ? <CircleCheck /> : <CircleAlert />}
          </span>
          <span className="min-w-0 flex-1 py-1 break-words">{message}</span>
          <IconButton small label={close} onClick={() => become(toasts.filter(one => one.id !== id))}>
            <X />
          </IconButton>
        </div>
      ))}
    </div>
  )
}
