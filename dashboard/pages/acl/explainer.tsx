import { useEffect } from 'react'
import { useAsked } from '../../api/queries.ts'
import { useFilters } from '../../app/navigation.ts'
import { useWords } from '../../language/language.ts'
import { Card, CardHead } from '../../ui/card.tsx'
import { cx } from '../../ui/class-names.ts'
import { Field, Input, Select } from '../../ui/field.tsx'
import { Ban, CircleCheck } from '../../ui/icons.ts'
import { useWho } from './rule.ts'
import { text } from './words.ts'

const actions = ['publish', 'subscribe', 'receive'] as const
type Action = (typeof actions)[number]

/** May this client? The question is kept in the address, so that it can be sent to somebody. */
export function Explainer({ onDecided }: { onDecided: (number: number | undefined) => void }) {
  const t = useWords(text)
  const [asked, setAsked] = useFilters(['clientId', 'user', 'address', 'action', 'topic'])
  const action = actions.find(one => one === asked.action) ?? 'publish'
  const fields = [
    ['clientId', t.clientId, ''],
    ['user', t.user, t.userOf],
    ['address', t.address, t.userOf],
    ['topic', action === 'subscribe' ? t.filter : t.topic, ''],
  ] as const
  return (
    <Card>
      <CardHead title={t.tester} />
      <div className="flex flex-col gap-3 p-4">
        <p className="text-xs text-muted">{t.testerAbout}</p>
        <Field label={t.action}>
          {bound => (
            <Select
              {...bound}
              value={action}
              onChoose={action => setAsked({ action })}
              choices={actions.map(value => ({ value, label: t[value] }))}
            />
          )}
        </Field>
        {fields.map(([name, label, hint]) => (
          <Field key={name} label={label} hint={hint || undefined}>
            {bound => (
              <Input
                {...bound}
                autoComplete="off"
                spellCheck={false}
                className={cx(name === 'topic' && 'font-mono')}
                value={asked[name]}
                onChange={event => setAsked({ [name]: event.target.value })}
              />
            )}
          </Field>
        ))}
        <Decision {...asked} action={action} onDecided={onDecided} />
      </div>
    </Card>
  )
}

interface Question {
  readonly clientId: string
  readonly user: string
  readonly address: string
  readonly action: Action
  readonly topic: string
}

function Decision({
  clientId,
  user,
  address,
  action,
  topic,
  onDecided,
}: Question & { onDecided: (number: number | undefined) => void }) {
  const t = useWords(text)
  const who = useWho()
  const body = { clientId, action, topic, user: user || undefined, address: address || undefined }
  const { data, error } = useAsked('POST /acl/explain', { body }, { enabled: topic !== '' })
  const answer = topic === '' ? undefined : data
  const decisive = answer?.source === 'configuration' && answer.index !== null ? answer.index + 1 : undefined
  useEffect(() => onDecided(decisive), [decisive, onDecided])
  return (
    <div role="status" className="min-h-16">
      {error ? (
        <p className="text-bad">{error.message}</p>
      ) : !answer ? (
        <p className="text-muted">{t.topicHint}</p>
      ) : (
        <div
          className={cx(
            'flex gap-2.5 rounded-md px-3 py-2.5',
            answer.allowed ? 'bg-good-soft text-good' : 'bg-bad-soft text-bad',
          )}
        >
          <span className="pt-0.5 [&_svg]:size-4">{answer.allowed ? <CircleCheck /> : <Ban />}</span>
          <div className="min-w-0">
            <p className="font-semibold">{answer.allowed ? t.mayDo : t.mayNot}</p>
            <p>{t.because[answer.source]((answer.index ?? 0) + 1)}</p>
            {answer.rule && (
              <p className="mt-1 font-mono text-xs break-words">
                {t[answer.rule.effect]} {t[answer.rule.action]} · {answer.rule.filters?.join(' ') ?? t.everyTopic} ·{' '}
                {who(answer.rule)}
              </p>
            )}
          </div>
        </div>
      )}
    </div>
  )
}
