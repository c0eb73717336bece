import type { ReactNode } from 'react'

/** In place of react-remove-scroll, of which dialogs and menus use no more: see vite.config.ts. */
export function RemoveScroll({ children }: { children: ReactNode }): ReactNode {
  return children
}

export default RemoveScroll
