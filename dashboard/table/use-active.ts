import { useState } from 'react'

/** The row that keys act on: it stays the same one while others come and go above it. The first, once it is gone. */
export function useActive(count: number, idAt: (index: number) => string): [number, (index: number) => void] {
  const [active, setActive] = useState<{ readonly id: string; readonly index: number }>()
  const activate = (index: number) => setActive(index < count ? { id: idAt(index), index } : undefined)
  return [active ? indexOf(active, count, idAt) : 0, activate]
}

function indexOf({ id, index }: { id: string; index: number }, count: number, idAt: (index: number) => string): number {
  if (index < count && idAt(index) === id) return index
  for (let i = 0; i < count; i++) if (idAt(i) === id) return i
  return 0
}
