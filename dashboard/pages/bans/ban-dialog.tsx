import { useState } from 'react'
import { useWords } from '../../language/language.ts'
import { SelectField, TextField } from '../../ui/field.tsx'
import { FormDialog, useFormAct } from '../../ui/form-dialog.tsx'
import { toast } from '../../ui/toast.tsx'
import { type BanKind, kindOf, kinds } from './kinds.ts'
import { text } from './words.ts'

const spans = ['600', '3600', '86400', '604800', ''] as const

/** Keeps somebody out, for a while or for ever. */
export function BanDialog({ onClose }: { onClose: () => void }) {
  const t = useWords(text)
  const [kind, setKind] = useState<BanKind>('client-id')
  const [value, setValue] = useState('')
  const [seconds, setSeconds] = useState('3600')
  const [reason, setReason] = useState('')
  const [tenant, setTenant] = useState('')
  const add = useFormAct('POST /bans')
  const submit = () =>
    add.mutate(
      {
        body: {
          kind,
          value,
          reason: reason || undefined,
          tenant: tenant || undefined,
          until: seconds === '' ? undefined : new Date(Date.now() + Number(seconds) * 1_000).toISOString(),
        },
      },
      {
        onSuccess: () => {
          toast(t.added(value))
          onClose()
        },
      },
    )
  return (
    <FormDialog
      title={t.addTitle}
      act={t.addAct}
      ready={value !== '' && !add.isPending}
      onSubmit={submit}
      onClose={onClose}
    >
      <div className="grid gap-3 sm:grid-cols-2">
        <SelectField
          label={t.kind}
          value={kind}
          onChoose={chosen => setKind(kindOf(chosen) ?? kind)}
          choices={kinds.map(value => ({ value, label: t.kinds[value] }))}
        />
        <SelectField
          label={t.lasts}
          value={seconds}
          onChoose={setSeconds}
          choices={spans.map(value => ({ value, label: t.spans[value] }))}
        />
      </div>
      <TextField
        label={t.value}
        error={add.refused?.message}
        className="font-mono"
        placeholder={t.examples[kind]}
        value={value}
        onChange={setValue}
      />
      <TextField label={t.reason} hint={t.reasonHint} spellCheck value={reason} onChange={setReason} />
      <TextField label={t.tenant} hint={t.tenantHint} value={tenant} onChange={setTenant} />
    </FormDialog>
  )
}
