import { useState } from 'react'
import { useWords } from '../../language/language.ts'
import { Field, Input, TextArea } from '../../ui/field.tsx'
import { FormDialog, useFormAct } from '../../ui/form-dialog.tsx'
import { toast } from '../../ui/toast.tsx'
import { parsed } from './entries.ts'
import { text } from './words.ts'

/** Changes one key of a running server. */
export function ChangeDialog({ path, value, onClose }: { path: string; value: string; onClose: () => void }) {
  const t = useWords(text)
  const [given, setGiven] = useState(value)
  const patch = useFormAct('PATCH /config')
  const submit = () =>
    patch.mutate(
      { body: { values: { [path]: parsed(given) } } },
      {
        onSuccess: () => {
          toast(t.saved(path))
          onClose()
        },
      },
    )
  const Box = /^[[{]/.test(value) ? TextArea : Input
  return (
    <FormDialog
      title={t.changeTitle(path)}
      description={t.changeAbout}
      act={t.save}
      ready={!patch.isPending}
      onSubmit={submit}
      onClose={onClose}
    >
      <Field label={t.value} hint={t.valueHint} error={patch.refused?.message}>
        {bound => (
          <Box
            {...bound}
            className="font-mono"
            autoComplete="off"
            spellCheck={false}
            value={given}
            onChange={(event: { target: { value: string } }) => setGiven(event.target.value)}
          />
        )}
      </Field>
    </FormDialog>
  )
}
