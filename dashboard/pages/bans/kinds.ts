import type { Row } from '../../api/client.ts'

export type BanKind = Row<'GET /bans'>['kind']

export const kinds: readonly BanKind[] = [
  'client-id',
  'client-id-pattern',
  'user',
  'user-pattern',
  'address',
  'address-block',
]

/** Of an address that somebody may have typed. */
export function kindOf(text: string): BanKind | undefined {
  return kinds.find(kind => kind === text)
}
