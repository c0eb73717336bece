import { useEffect, useRef, useState } from 'react'
import { cx } from './class-names.ts'
import { Search } from './icons.ts'

const waitMs = 200

/** Tells what was typed when the typing rests. */
export function SearchField({
  label,
  value,
  onChange,
  className = 'w-full sm:w-64',
}: {
  readonly label: string
  readonly value: string
  readonly onChange: (value: string) => void
  readonly className?: string
}) {
  const [typed, setTyped] = useState(value)
  const told = useRef(value)
  const tell = useRef(onChange)
  tell.current = onChange
  // The address changed by itself: back, or a link.
  useEffect(() => {
    if (value === told.current) return
    told.current = value
    setTyped(value)
  }, [value])
  useEffect(() => {
    if (typed === told.current) return undefined
    const timer = setTimeout(() => {
      told.current = typed
      tell.current(typed)
    }, waitMs)
    return () => clearTimeout(timer)
  }, [typed])
  return (
    <div className={cx('relative', className)}>
      <Search aria-hidden="true" className="pointer-events-none absolute top-2 left-2.5 size-4 text-muted" />
      <input
        type="search"
        aria-label={label}
        placeholder={label}
        value={typed}
        onChange={event => setTyped(event.target.value)}
        className="h-8 w-full rounded-md border border-strong-line bg-surface pr-2 pl-8 placeholder:text-muted"
      />
    </div>
  )
}
