import { useEffect, useState } from 'react'
import type { Bridge } from './bridge-state.tsx'

const keptPoints = 120

export interface LagPoint {
  readonly at: number
  readonly messages: number
}

/** How much waited, as long as somebody has looked; by the name of the bridge. */
const seen = new Map<string, readonly LagPoint[]>()

/** Keeps what a list of bridges says; returns all that was kept. */
export function useLag(bridges: readonly Bridge[] | undefined): ReadonlyMap<string, readonly LagPoint[]> {
  const [, redraw] = useState(0)
  useEffect(() => {
    if (!bridges) return
    for (const { name, lag } of bridges) {
      const points = seen.get(name) ?? []
      seen.set(name, [...points.slice(1 - keptPoints), { at: Date.now(), messages: lag.messages }])
    }
    redraw(n => n + 1)
  }, [bridges])
  return seen
}
