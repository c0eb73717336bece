import { useMay } from '../api/session.ts'
import { type PageEntry, pages } from './pages.ts'

/** Those that whoever uses this may open. */
export function useShownPages(): readonly PageEntry[] {
  const operator = useMay('operator')
  const admin = useMay('admin')
  return pages.filter(({ needs }) => needs === undefined || (needs === 'admin' ? admin : operator))
}
