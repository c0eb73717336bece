import { useState } from 'react'
import { useAnswer } from '../../api/queries.ts'
import { useWords } from '../../language/language.ts'
import type { Version } from '../../mqtt/mqtt-client.ts'
import { Dot } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { Card, CardHead } from '../../ui/card.tsx'
import { Checkbox, Field, Input, Select } from '../../ui/field.tsx'
import type { Mqtt } from './use-mqtt.ts'
import { text } from './words.ts'

const versions = [
  { value: '5.0', label: 'MQTT 5.0' },
  { value: '3.1.1', label: 'MQTT 3.1.1' },
]
const keepAliveSeconds = 60
const tones = { off: 'calm', connecting: 'warn', on: 'good' } as const

export function ConnectForm({ mqtt }: { mqtt: Mqtt }) {
  const t = useWords(text)
  const standard = useAddress()
  const [address, setAddress] = useState<string>()
  const [version, setVersion] = useState<Version>('5.0')
  const [clientId, setClientId] = useState(() => `dashboard-${Math.random().toString(36).slice(2, 8)}`)
  const [username, setUsername] = useState('')
  const [password, setPassword] = useState('')
  const [clean, setClean] = useState(true)
  const url = address ?? standard ?? ''
  const off = mqtt.state === 'off'
  return (
    <Card>
      <CardHead title={t.connection}>
        <span role="status">
          <Dot tone={tones[mqtt.state]}>{t.states[mqtt.state]}</Dot>
        </span>
      </CardHead>
      <form
        className="grid grid-cols-2 gap-3 p-4"
        onSubmit={event => {
          event.preventDefault()
          if (off) mqtt.connect({ url, version, clientId, username, password, clean, keepAliveSeconds })
          else mqtt.disconnect()
        }}
      >
        <Field label={t.url} className="col-span-2" error={standard === null && url === '' ? t.noListener : undefined}>
          {bound => (
            <Input
              {...bound}
              className="font-mono"
              value={url}
              disabled={!off}
              onChange={event => setAddress(event.target.value)}
            />
          )}
        </Field>
        <Field label={t.version}>
          {bound => (
            <Select
              {...bound}
              choices={versions}
              value={version}
              disabled={!off}
              onChoose={value => setVersion(value as Version)}
            />
          )}
        </Field>
        <Field label={t.clientId}>
          {bound => (
            <Input {...bound} value={clientId} disabled={!off} onChange={event => setClientId(event.target.value)} />
          )}
        </Field>
        <Field label={t.username}>
          {bound => (
            <Input
              {...bound}
              autoComplete="off"
              value={username}
              disabled={!off}
              onChange={event => setUsername(event.target.value)}
            />
          )}
        </Field>
        <Field label={t.password}>
          {bound => (
            <Input
              {...bound}
              type="password"
              autoComplete="new-password"
              value={password}
              disabled={!off}
              onChange={event => setPassword(event.target.value)}
            />
          )}
        </Field>
        <Checkbox label={t.clean} checked={clean} disabled={!off} onChange={event => setClean(event.target.checked)} />
        <Button type="submit" look={off ? 'main' : 'plain'} disabled={url === ''} className="justify-self-end">
          {off ? t.connect : t.disconnect}
        </Button>
      </form>
    </Card>
  )
}

/** Of the listener that takes WebSocket; null: none does; undefined: not known yet. */
function useAddress(): string | null | undefined {
  const { data } = useAnswer('GET /listeners', {})
  if (!data) return undefined
  const wanted = location.protocol === 'https:' ? ['wss', 'ws'] : ['ws', 'wss']
  const found = wanted.flatMap(transport =>
    data.filter(one => one.transport === transport && one.protocol === 'mqtt'),
  )[0]
  return found ? `${found.transport}://${location.hostname}:${found.port}/mqtt` : null
}
