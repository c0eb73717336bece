import { useCallback } from 'react'
import { Link, Route, Switch, useLocation, useSearchParams } from 'wouter'

export { Link, Route, Switch, useLocation }

/** Filters of a page, kept in its address so that it can be shared and gone back to. Empty ones are left out. */
export function useFilters<Name extends string>(
  names: readonly Name[],
): readonly [values: Readonly<Record<Name, string>>, set: (changes: Partial<Record<Name, string>>) => void] {
  const [params, setParams] = useSearchParams()
  const values = Object.fromEntries(names.map(name => [name, params.get(name) ?? ''])) as Record<Name, string>
  const set = useCallback(
    (changes: Partial<Record<Name, string>>) =>
      setParams(
        before => {
          const next = new URLSearchParams(before)
          for (const [name, value] of Object.entries<string | undefined>(changes)) {
            if (value) next.set(name, value)
            else next.delete(name)
          }
          return next
        },
        { replace: true },
      ),
    [setParams],
  )
  return [values, set]
}
