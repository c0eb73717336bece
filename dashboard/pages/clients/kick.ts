import { useAct } from '../../api/queries.ts'
import { useWords } from '../../language/language.ts'
import type { Confirmation } from '../../ui/confirm-dialog.tsx'
import { toast, toastFailure } from '../../ui/toast.tsx'
import { text } from './words.ts'

export interface ClientName {
  readonly clientId: string
  readonly tenant: string
  readonly protocol: string
}

/** The question that comes before a client is disconnected. */
export function useKick(done?: () => void): (client: ClientName) => Confirmation {
  const t = useWords(text)
  const kick = useAct('DELETE /clients/:clientId', { failed: toastFailure })
  return ({ clientId, tenant, protocol }) => ({
    title: t.kickTitle(clientId),
    consequence: t.kickConsequence,
    act: t.kick,
    onConfirm: () =>
      kick.mutate(
        { params: { clientId }, query: { tenant, protocol } },
        {
          onSuccess: () => {
            toast(t.kicked(clientId))
            done?.()
          },
        },
      ),
  })
}
