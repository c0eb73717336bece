import type { ReactNode } from 'react'
import { Refused, type RouteKey } from '../api/client.ts'
import { useAct } from '../api/queries.ts'
import { useWords, words } from '../language/language.ts'
import { Button } from './button.tsx'
import { Dialog } from './dialog.tsx'
import { toastFailure } from './toast.tsx'

const text = words({ en: { cancel: 'Cancel' }, zh: { cancel: '取消' } })

/** The act of a form. What the server refuses is told in the form, all other failures beside it. */
export function useFormAct<K extends RouteKey>(key: K) {
  const { mutate, isPending, error } = useAct(key, {
    failed: failure => failure instanceof Refused || toastFailure(failure),
  })
  const refused = error instanceof Refused ? error : undefined
  /** Of no field alone. */
  const refusal = refused?.errors.length === 0 ? refused.message : undefined
  return { mutate, isPending, refused, refusal }
}

/** A form in a dialog: its fields, what was refused as a whole, and its two buttons. */
export function FormDialog({
  title,
  description,
  act,
  ready,
  refusal,
  onSubmit,
  onClose,
  children,
}: {
  readonly title: string
  readonly description?: ReactNode
  /** As its button says it. */
  readonly act: string
  readonly ready: boolean
  /** Of no field alone. */
  readonly refusal?: string | undefined
  readonly onSubmit: () => void
  readonly onClose: () => void
  readonly children: ReactNode
}) {
  const { cancel } = useWords(text)
  return (
    <Dialog open onClose={onClose} title={title} description={description}>
      <form
        className="flex flex-col gap-3"
        onSubmit={event => {
          event.preventDefault()
          if (ready) onSubmit()
        }}
      >
        {children}
        {refusal !== undefined && (
          <p role="alert" className="text-bad">
            {refusal}
          </p>
        )}
        <div className="flex justify-end gap-2 pt-1">
          <Button onClick={onClose}>{cancel}</Button>
          <Button type="submit" look="main" disabled={!ready}>
            {act}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
