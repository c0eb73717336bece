import { useAnswer } from '../api/queries.ts'
import type { Routes } from '../api/routes.ts'
import { useFormat } from '../language/format.ts'
import { useWords, words } from '../language/language.ts'
import { Dialog } from '../ui/dialog.tsx'
import { Loading } from '../ui/page.tsx'
import { PayloadView } from './payload-view.tsx'

const text = words({
  en: { by: 'by', expires: 'expires', nothing: 'Nothing is retained here any more.', qos: 'QoS' },
  zh: { by: '发布者', expires: '过期', nothing: '这里已没有保留消息。', qos: 'QoS' },
})

type Message = Routes['GET /retained/:topic']['answer']

/** A retained message, whole. Open while there is a topic. */
export function MessageDialog({ topic, onClose }: { topic: string | undefined; onClose: () => void }) {
  return topic === undefined ? null : <Opened topic={topic} onClose={onClose} />
}

function Opened({ topic, onClose }: { topic: string; onClose: () => void }) {
  const { nothing } = useWords(text)
  const { data, error } = useAnswer('GET /retained/:topic', { params: { topic }, query: {} })
  return (
    <Dialog open wide onClose={onClose} title={topic}>
      {data ? <MessageView message={data} /> : error ? <p className="text-muted">{nothing}</p> : <Loading />}
    </Dialog>
  )
}

/** A message with all that came with it. */
export function MessageView({ message }: { message: Message }) {
  const t = useWords(text)
  const format = useFormat()
  const { qos, payloadBytes, publishedAt, clientId, expiresAt, contentType, properties } = message
  const facts = [
    `${t.qos} ${qos}`,
    format.bytes(payloadBytes),
    format.time(publishedAt),
    clientId !== null && `${t.by} ${clientId}`,
    expiresAt !== null && `${t.expires} ${format.ago(expiresAt)}`,
    contentType,
  ]
  return (
    <div className="flex flex-col gap-3">
      <p className="numbers text-muted">{facts.filter(Boolean).join(' · ')}</p>
      <PayloadView value={message} />
      {properties.length > 0 && (
        <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1">
          {properties.map(([name, value], at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: names may repeat, and their order is their place.
            <div key={at} className="contents">
              <dt className="text-muted">{name}</dt>
              <dd className="break-all">{value}</dd>
            </div>
          ))}
        </dl>
      )}
    </div>
  )
}
