import { Link } from '../../app/navigation.ts'

/** Whom a link leads to: without a tenant or a protocol the first of that id. */
interface Named {
  readonly clientId: string
  readonly tenant?: string
  readonly protocol?: string
}

/** Where one client is shown. Its names are in the query, because they may be any text. */
export function clientPath({ clientId, tenant, protocol }: Named): string {
  const query = { id: clientId, ...(tenant !== undefined && { tenant }), ...(protocol !== undefined && { protocol }) }
  return `/client?${new URLSearchParams(query)}`
}

/** A client's id that leads to its page. */
export function ClientLink({ client }: { readonly client: Named }) {
  return (
    <Link href={clientPath(client)} className="font-medium text-accent hover:underline">
      {client.clientId}
    </Link>
  )
}
