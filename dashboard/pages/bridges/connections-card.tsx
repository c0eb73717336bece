import { useState } from 'react'
import type { Row } from '../../api/client.ts'
import { useAct, useAnswer } from '../../api/queries.ts'
import { Link } from '../../app/navigation.ts'
import { useWords } from '../../language/language.ts'
import { IconButton } from '../../ui/button.tsx'
import { Card, CardHead } from '../../ui/card.tsx'
import { type Confirmation, ConfirmDialog } from '../../ui/confirm-dialog.tsx'
import { Trash2 } from '../../ui/icons.ts'
import { toast, toastFailure } from '../../ui/toast.tsx'
import { bridgePath } from './bridge-state.tsx'
import { text } from './words.ts'

type Connection = Row<'GET /connections'>

/** The connections, and who uses them; one that nobody uses can be removed. */
export function ConnectionsCard({ mayChange }: { mayChange: boolean }) {
  const t = useWords(text)
  const [confirmation, setConfirmation] = useState<Confirmation>()
  const { data } = useAnswer('GET /connections', {})
  const remove = useAct('DELETE /connections/:name', { failed: toastFailure })
  if (!data || data.length === 0) return null
  const askToRemove = ({ name }: Connection) =>
    setConfirmation({
      title: t.removeTitle(name),
      consequence: t.removeConnectionConsequence,
      act: t.remove,
      typed: name,
      onConfirm: () => remove.mutate({ params: { name } }, { onSuccess: () => toast(t.removed(name)) }),
    })
  return (
    <Card>
      <CardHead title={t.connections} />
      <ul>
        {data.map(one => (
          <li key={one.name} className="flex min-h-10 items-center gap-3 border-b px-4 py-1 last:border-b-0">
            <span className="min-w-0 flex-1 break-words">
              <span className="font-medium">{one.name}</span> <span className="text-muted">· {one.type}</span>
            </span>
            <span className="flex flex-wrap justify-end gap-x-2">
              {one.bridges.map(name => (
                <Link key={name} href={bridgePath(name)} className="text-accent hover:underline">
                  {name}
                </Link>
              ))}
            </span>
            {mayChange && one.bridges.length === 0 && one.standing === 'added' && (
              <IconButton small label={`${t.remove} ${one.name}`} onClick={() => askToRemove(one)}>
                <Trash2 />
              </IconButton>
            )}
          </li>
        ))}
      </ul>
      <ConfirmDialog confirmation={confirmation} onClose={() => setConfirmation(undefined)} />
    </Card>
  )
}
