import { type ReactNode, useState } from 'react'
import { useWords, words } from '../language/language.ts'
import { Button } from './button.tsx'
import { Dialog } from './dialog.tsx'
import { Field, Input } from './field.tsx'

const text = words({
  en: { cancel: 'Cancel', typeIt: (word: string) => `Type ${word} to confirm` },
  zh: { cancel: '取消', typeIt: word => `输入 ${word} 以确认` },
})

export interface Confirmation {
  readonly title: string
  /** What will happen, in a sentence. */
  readonly consequence: ReactNode
  /** The act, as its button says it. */
  readonly act: string
  /** Has to be typed first: for what cannot be taken back. */
  readonly typed?: string | undefined
  readonly onConfirm: () => void
}

/** Asks before something is destroyed. Show it while there is a `confirmation`. */
export function ConfirmDialog({
  confirmation,
  onClose,
}: {
  confirmation: Confirmation | undefined
  onClose: () => void
}) {
  return confirmation && <Question key={confirmation.title} {...confirmation} onClose={onClose} />
}

function Question({ title, consequence, act, typed, onConfirm, onClose }: Confirmation & { onClose: () => void }) {
  const { cancel, typeIt } = useWords(text)
  const [given, setGiven] = useState('')
  const ready = typed === undefined || given === typed
  return (
    <Dialog open onClose={onClose} title={title} description={consequence}>
      <form
        className="flex flex-col gap-4"
        onSubmit={event => {
          event.preventDefault()
          if (!ready) return
          onConfirm()
          onClose()
        }}
      >
        {typed !== undefined && (
          <Field label={typeIt(typed)}>
            {bound => (
              <Input
                {...bound}
                value={given}
                autoComplete="off"
                spellCheck={false}
                onChange={event => setGiven(event.target.value)}
              />
            )}
          </Field>
        )}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{cancel}</Button>
          <Button type="submit" look="danger" disabled={!ready}>
            {act}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
