import { useState } from 'react'
import { useWords } from '../../language/language.ts'
import type { Qos } from '../../mqtt/mqtt-client.ts'
import { Badge } from '../../ui/badge.tsx'
import { Button, IconButton } from '../../ui/button.tsx'
import { Card, CardHead } from '../../ui/card.tsx'
import { Checkbox, Field, Input, Select, TextArea } from '../../ui/field.tsx'
import { Send, X } from '../../ui/icons.ts'
import type { Mqtt } from './use-mqtt.ts'
import { text } from './words.ts'

const levels = ['0', '1', '2'].map(value => ({ value, label: `QoS ${value}` }))

export function TalkForms({ mqtt }: { mqtt: Mqtt }) {
  return (
    <>
      <SubscribeForm mqtt={mqtt} />
      <PublishForm mqtt={mqtt} />
    </>
  )
}

function SubscribeForm({ mqtt }: { mqtt: Mqtt }) {
  const t = useWords(text)
  const [filter, setFilter] = useState('#')
  const [qos, setQos] = useState('1')
  return (
    <Card>
      <CardHead title={t.subscriptions} />
      <form
        className="flex gap-2 p-4"
        onSubmit={event => {
          event.preventDefault()
          mqtt.subscribe({ filter, qos: Number(qos) as Qos })
        }}
      >
        <Input
          aria-label={t.filter}
          className="min-w-0 font-mono"
          value={filter}
          onChange={event => setFilter(event.target.value)}
        />
        <Select
          aria-label={`${t.subscribe}: ${t.qos}`}
          className="w-24 shrink-0"
          choices={levels}
          value={qos}
          onChoose={setQos}
        />
        <Button type="submit" disabled={mqtt.state !== 'on' || filter === ''}>
          {t.subscribe}
        </Button>
      </form>
      {mqtt.subscriptions.length > 0 && (
        <ul className="border-t">
          {mqtt.subscriptions.map(one => (
            <li key={one.filter} className="flex min-h-9 items-center gap-2 border-b px-4 last:border-b-0">
              <span className="min-w-0 flex-1 truncate font-mono">{one.filter}</span>
              <Badge>QoS {one.qos}</Badge>
              <IconButton small label={`${t.unsubscribe} ${one.filter}`} onClick={() => mqtt.unsubscribe(one.filter)}>
                <X />
              </IconButton>
            </li>
          ))}
        </ul>
      )}
    </Card>
  )
}

function PublishForm({ mqtt }: { mqtt: Mqtt }) {
  const t = useWords(text)
  const [topic, setTopic] = useState('greetings/world')
  const [payload, setPayload] = useState('hello')
  const [qos, setQos] = useState('1')
  const [retain, setRetain] = useState(false)
  return (
    <Card>
      <CardHead title={t.publish} />
      <form
        className="flex flex-col gap-3 p-4"
        onSubmit={event => {
          event.preventDefault()
          mqtt.publish({ topic, payload, qos: Number(qos) as Qos, retain })
        }}
      >
        <Field label={t.topic}>
          {bound => (
            <Input {...bound} className="font-mono" value={topic} onChange={event => setTopic(event.target.value)} />
          )}
        </Field>
        <Field label={t.payload}>
          {bound => <TextArea {...bound} value={payload} onChange={event => setPayload(event.target.value)} />}
        </Field>
        <div className="flex flex-wrap items-center gap-3">
          <Select
            aria-label={`${t.publish}: ${t.qos}`}
            className="w-24"
            choices={levels}
            value={qos}
            onChoose={setQos}
          />
          <Checkbox label={t.retain} checked={retain} onChange={event => setRetain(event.target.checked)} />
          <Button type="submit" className="ml-auto" disabled={mqtt.state !== 'on' || topic === ''}>
            <Send />
            {t.publish}
          </Button>
        </div>
      </form>
    </Card>
  )
}
