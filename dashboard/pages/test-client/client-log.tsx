import { useFormat } from '../../language/format.ts'
import { useWords } from '../../language/language.ts'
import { payloadOf } from '../../payload/payload-bytes.ts'
import { PayloadView } from '../../payload/payload-view.tsx'
import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { Card, CardHead } from '../../ui/card.tsx'
import type { Entry, Mqtt } from './use-mqtt.ts'
import { text } from './words.ts'

/** Everything the client sent, got and was told, the newest first. */
export function ClientLog({ mqtt: { entries, clear } }: { mqtt: Mqtt }) {
  const t = useWords(text)
  return (
    <Card className="min-w-0">
      <CardHead title={t.log}>
        <Button small look="ghost" disabled={entries.length === 0} onClick={clear}>
          {t.clear}
        </Button>
      </CardHead>
      {entries.length === 0 ? (
        <p className="px-4 py-10 text-center text-muted">{t.nothing}</p>
      ) : (
        <ol tabIndex={0} aria-label={t.log} className="max-h-[70dvh] overflow-auto">
          {entries.map(entry => (
            <Line key={entry.id} entry={entry} />
          ))}
        </ol>
      )}
    </Card>
  )
}

function Line({ entry: { at, kind, text: said, message } }: { entry: Entry }) {
  const t = useWords(text)
  const format = useFormat()
  return (
    <li className="border-b px-4 py-2 last:border-b-0">
      <div className="flex flex-wrap items-center gap-2">
        <span className="numbers text-xs text-muted">{format.time(at)}</span>
        {kind !== 'told' && <Badge tone={kind === 'received' ? 'good' : 'accent'}>{t[kind]}</Badge>}
        <span className="min-w-0 font-mono break-all">{said}</span>
        {message && <Badge>QoS {message.qos}</Badge>}
        {message?.retain && <Badge>{t.retained}</Badge>}
      </div>
      {message && <PayloadView className="mt-1.5" value={payloadOf(message.payload)} />}
      {message && message.properties.length > 0 && (
        <p className="mt-1 text-xs break-all text-muted">
          {message.properties.map(([name, value]) => `${name}=${value}`).join(' · ')}
        </p>
      )}
    </li>
  )
}
