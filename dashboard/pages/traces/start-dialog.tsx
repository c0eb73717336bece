import { useState } from 'react'
import { useWords } from '../../language/language.ts'
import { SelectField, TextField } from '../../ui/field.tsx'
import { FormDialog, useFormAct } from '../../ui/form-dialog.tsx'
import { toast } from '../../ui/toast.tsx'
import { text } from './words.ts'

const spans = ['60', '600', '3600'] as const
const payloads = ['0', '64', '1024'] as const

/** Begins to record; `onStarted` gets the name. */
export function StartDialog({ onStarted, onClose }: { onStarted: (name: string) => void; onClose: () => void }) {
  const t = useWords(text)
  const [name, setName] = useState('')
  const [clientId, setClientId] = useState('')
  const [topic, setTopic] = useState('')
  const [address, setAddress] = useState('')
  const [seconds, setSeconds] = useState('600')
  const [payload, setPayload] = useState('0')
  const start = useFormAct('POST /traces')
  const ready = name !== '' && `${clientId}${topic}${address}` !== '' && !start.isPending
  const submit = () =>
    start.mutate(
      {
        body: {
          name,
          clientId: clientId || undefined,
          topic: topic || undefined,
          address: address || undefined,
          seconds: Number(seconds),
          payloadBytes: Number(payload),
        },
      },
      {
        onSuccess: () => {
          toast(t.started(name))
          onStarted(name)
          onClose()
        },
      },
    )
  return (
    <FormDialog
      title={t.startTitle}
      description={t.oneOf}
      act={t.start}
      ready={ready}
      refusal={start.refused?.message}
      onSubmit={submit}
      onClose={onClose}
    >
      <TextField label={t.name} hint={t.nameHint} value={name} onChange={setName} />
      <TextField label={t.clientId} value={clientId} onChange={setClientId} />
      <TextField label={t.topic} value={topic} onChange={setTopic} />
      <TextField label={t.address} hint={t.addressHint} value={address} onChange={setAddress} />
      <div className="grid gap-3 sm:grid-cols-2">
        <SelectField
          label={t.lasts}
          value={seconds}
          onChoose={setSeconds}
          choices={spans.map(value => ({ value, label: t.spans[value] }))}
        />
        <SelectField
          label={t.payload}
          value={payload}
          onChoose={setPayload}
          choices={payloads.map(value => ({ value, label: t.payloads[value] }))}
        />
      </div>
    </FormDialog>
  )
}
