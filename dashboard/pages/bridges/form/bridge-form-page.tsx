import { useState } from 'react'
import { useAnswer } from '../../../api/queries.ts'
import { Link, useFilters } from '../../../app/navigation.ts'
import { useWords } from '../../../language/language.ts'
import { Card } from '../../../ui/card.tsx'
import { EmptyState } from '../../../ui/empty-state.tsx'
import { Loading, Page } from '../../../ui/page.tsx'
import { bridgePath } from '../bridge-state.tsx'
import { BridgeForm } from './bridge-form.tsx'
import { text } from './words.ts'

export default function BridgeFormPage() {
  const t = useWords(text)
  const [{ name }] = useFilters(['name'])
  const types = useAnswer('GET /bridge-types', {})
  const connections = useAnswer('GET /connections', {})
  const old = useAnswer('GET /bridges/:name/config', { params: { name } }, { enabled: name !== '' })
  const error = types.error ?? connections.error ?? old.error
  const ready = types.data && connections.data && (name === '' || old.data)
  // A form begins from what is there now, not from what was when another page asked.
  const [begun, setBegun] = useState<string>()
  if (ready && begun !== name && !connections.isFetching && !old.isFetching) setBegun(name)
  return (
    <Page
      title={name === '' ? t.newBridge : t.editBridge(name)}
      about={
        <Link href={name === '' ? '/bridges' : bridgePath(name)} className="text-accent hover:underline">
          ← {name === '' ? t.all : name}
        </Link>
      }
    >
      {error ? (
        <Card>
          <EmptyState title={error.message} />
        </Card>
      ) : begun === name && types.data && connections.data ? (
        <BridgeForm key={name} types={types.data} connections={connections.data} old={old.data ?? undefined} />
      ) : (
        <Loading />
      )}
    </Page>
  )
}
