import { useState } from 'react'
import { Refused } from '../../api/client.ts'
import { useAct } from '../../api/queries.ts'
import { useWords } from '../../language/language.ts'
import { Button } from '../../ui/button.tsx'
import { Card, CardHead } from '../../ui/card.tsx'
import { Checkbox, Field, Input, Select, TextArea } from '../../ui/field.tsx'
import { Send } from '../../ui/icons.ts'
import { toast } from '../../ui/toast.tsx'
import { text } from './words.ts'

const levels = ['0', '1', '2'].map(value => ({ value, label: `QoS ${value}` }))

export function PublishForm({ topic: first }: { topic: string }) {
  const t = useWords(text)
  const [topic, setTopic] = useState(first)
  const [payload, setPayload] = useState('')
  const [qos, setQos] = useState('0')
  const [retain, setRetain] = useState(false)
  const publish = useAct('POST /publish')
  const refused = publish.error instanceof Refused ? publish.error : undefined
  return (
    <Card>
      <CardHead title={t.publish} />
      <form
        className="flex flex-col gap-3 p-4"
        onSubmit={event => {
          event.preventDefault()
          publish.mutate(
            { body: { topic, payload, qos: Number(qos) as 0 | 1 | 2, retain } },
            { onSuccess: ({ reached }) => toast(t.published(reached ?? 0)) },
          )
        }}
      >
        <Field label={t.topic} error={refused?.at('/topic')}>
          {bound => (
            <Input {...bound} className="font-mono" value={topic} onChange={event => setTopic(event.target.value)} />
          )}
        </Field>
        <Field label={t.payload} error={refused?.at('/payload')}>
          {bound => <TextArea {...bound} value={payload} onChange={event => setPayload(event.target.value)} />}
        </Field>
        <div className="flex flex-wrap items-center gap-3">
          <Select aria-label={t.qos} className="w-24" choices={levels} value={qos} onChoose={setQos} />
          <Checkbox label={t.retain} checked={retain} onChange={event => setRetain(event.target.checked)} />
          <Button type="submit" look="main" className="ml-auto" disabled={topic === '' || publish.isPending}>
            <Send />
            {t.publish}
          </Button>
        </div>
        {publish.error && (
          <p role="alert" className="text-bad">
            {publish.error.message}
          </p>
        )}
      </form>
    </Card>
  )
}
