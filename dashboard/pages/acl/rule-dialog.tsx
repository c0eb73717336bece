import { useState } from 'react'
import { useWords } from '../../language/language.ts'
import { Field, SelectField, TextArea, TextField } from '../../ui/field.tsx'
import { FormDialog, useFormAct } from '../../ui/form-dialog.tsx'
import { toast } from '../../ui/toast.tsx'
import type { Rule } from './rule.ts'
import { text } from './words.ts'

/** Adds a rule at its place among the others. */
export function RuleDialog({ rules, onClose }: { rules: number; onClose: () => void }) {
  const t = useWords(text)
  const [effect, setEffect] = useState<string>('allow')
  const [action, setAction] = useState<string>('all')
  const [filters, setFilters] = useState('')
  const [user, setUser] = useState('')
  const [clientId, setClientId] = useState('')
  const [address, setAddress] = useState('')
  const [place, setPlace] = useState(String(rules))
  const add = useFormAct('POST /acl/rules')
  const written = filters
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '')
  const submit = () =>
    add.mutate(
      {
        body: {
          effect: effect as Rule['effect'],
          action: action as Rule['action'],
          filters: written.length > 0 ? written : undefined,
          user: user || undefined,
          clientId: clientId || undefined,
          address: address || undefined,
          index: Number(place),
        },
      },
      {
        onSuccess: () => {
          toast(t.added)
          onClose()
        },
      },
    )
  const places = Array.from({ length: rules + 1 }, (_, index) => ({
    value: String(index),
    label: index === rules ? t.last : index === 0 ? t.first : t.before(index + 1),
  }))
  return (
    <FormDialog
      title={t.addTitle}
      act={t.add}
      ready={!add.isPending}
      refusal={add.refused?.message}
      onSubmit={submit}
      onClose={onClose}
    >
      <div className="grid gap-3 sm:grid-cols-3">
        <Choice label={t.effect} value={effect} onChoose={setEffect} of={['allow', 'deny']} />
        <Choice label={t.action} value={action} onChoose={setAction} of={['all', 'publish', 'subscribe']} />
        <SelectField label={t.place} value={place} onChoose={setPlace} choices={places} />
      </div>
      <Field label={t.filters} hint={t.filtersHint}>
        {bound => (
          <TextArea
            {...bound}
            placeholder="plant/#"
            spellCheck={false}
            value={filters}
            onChange={event => setFilters(event.target.value)}
          />
        )}
      </Field>
      <div className="grid gap-3 sm:grid-cols-2">
        <TextField label={t.user} hint={t.anyHint} value={user} onChange={setUser} />
        <TextField label={t.clientId} hint={t.anyHint} value={clientId} onChange={setClientId} />
      </div>
      <TextField label={t.address} hint={t.addressHint} value={address} onChange={setAddress} />
    </FormDialog>
  )
}

function Choice({
  label,
  value,
  of,
  onChoose,
}: {
  label: string
  value: string
  of: readonly ('allow' | 'deny' | 'all' | 'publish' | 'subscribe')[]
  onChoose: (value: string) => void
}) {
  const t = useWords(text)
  return (
    <SelectField
      label={label}
      value={value}
      onChoose={onChoose}
      choices={of.map(one => ({ value: one, label: t[one] }))}
    />
  )
}
