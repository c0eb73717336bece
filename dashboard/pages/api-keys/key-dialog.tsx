import { useState } from 'react'
import type { Answer } from '../../api/client.ts'
import { groups } from '../../api/routes.ts'
import { useWords } from '../../language/language.ts'
import { Button } from '../../ui/button.tsx'
import { Command } from '../../ui/copy-button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Checkbox, SelectField, TextField } from '../../ui/field.tsx'
import { FormDialog, useFormAct } from '../../ui/form-dialog.tsx'
import { Notice } from '../../ui/notice.tsx'
import { type Role, RoleField } from '../../ui/role.tsx'
import { text } from './words.ts'

const spans = ['7', '30', '90', '365', ''] as const
const dayMs = 86_400_000

type Made = Answer<'POST /api-keys'>

/** Makes a key, and shows its secret once. */
export function KeyDialog({ onClose }: { onClose: () => void }) {
  const t = useWords(text)
  const [made, setMade] = useState<Made>()
  if (!made) return <Form onMade={setMade} onClose={onClose} />
  return (
    <Dialog open onClose={onClose} title={t.madeTitle(made.name)}>
      <div className="flex flex-col gap-3">
        <Notice tone="warn">{t.once}</Notice>
        <p className="text-xs font-medium text-muted">{t.secret}</p>
        <Command>{made.secret}</Command>
        <p className="text-xs font-medium text-muted">{t.tryIt}</p>
        <Command>{`curl -H 'Authorization: Bearer ${made.secret}' ${location.origin}/api/v1/me`}</Command>
        <div className="flex justify-end pt-1">
          <Button look="main" onClick={onClose}>
            {t.close}
          </Button>
        </div>
      </div>
    </Dialog>
  )
}

function Form({ onMade, onClose }: { onMade: (key: Made) => void; onClose: () => void }) {
  const t = useWords(text)
  const [name, setName] = useState('')
  const [role, setRole] = useState<Role>('viewer')
  const [days, setDays] = useState('90')
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const add = useFormAct('POST /api-keys')
  const submit = () =>
    add.mutate(
      {
        body: {
          name,
          role,
          groups: chosen.size > 0 ? [...chosen] : undefined,
          expiresAt: days === '' ? undefined : new Date(Date.now() + Number(days) * dayMs).toISOString(),
        },
      },
      { onSuccess: onMade },
    )
  const toggle = (group: string) => {
    const next = new Set(chosen)
    if (!next.delete(group)) next.add(group)
    setChosen(next)
  }
  return (
    <FormDialog
      title={t.addTitle}
      act={t.addAct}
      ready={name !== '' && !add.isPending}
      onSubmit={submit}
      onClose={onClose}
    >
      <TextField label={t.name} error={add.refused?.message} value={name} onChange={setName} />
      <div className="grid gap-3 sm:grid-cols-2">
        <RoleField role={role} onChoose={setRole} />
        <SelectField
          label={t.lasts}
          value={days}
          onChoose={setDays}
          choices={spans.map(value => ({ value, label: t.spans[value] }))}
        />
      </div>
      <fieldset>
        <legend className="text-xs font-medium text-muted">{t.groups}</legend>
        <p className="mt-1 text-xs text-muted">{t.groupsHint}</p>
        <div className="mt-2 grid grid-cols-2 gap-x-3 gap-y-1.5 sm:grid-cols-3">
          {groups.map(group => (
            <Checkbox key={group} label={group} checked={chosen.has(group)} onChange={() => toggle(group)} />
          ))}
        </div>
      </fieldset>
    </FormDialog>
  )
}
