import { useState } from 'react'
import { useSample } from '../../api/live.ts'
import { useAnswer } from '../../api/queries.ts'
import { useWords } from '../../language/language.ts'
import { Button } from '../../ui/button.tsx'
import { Card, CardHead } from '../../ui/card.tsx'
import { cx } from '../../ui/class-names.ts'
import { Command } from '../../ui/copy-button.tsx'
import { CircleCheck } from '../../ui/icons.ts'
import { text } from './words.ts'

const storageKey = 'robustmq.first-steps'
const standardPort = 1883

/** What a newcomer does first, each with its command; a step turns green when it was done. */
export function FirstSteps({ totals }: { totals: Readonly<Record<string, number>> }) {
  const t = useWords(text)
  const [hidden, setHidden] = useState(localStorage.getItem(storageKey) === 'hidden')
  const sample = useSample() ?? {}
  const port = useMqttPort()
  if (hidden) return null
  const place = `-h ${location.hostname}${port === standardPort ? '' : ` -p ${port}`}`
  const steps = [
    {
      title: t.connect,
      hint: t.connectHint,
      command: `mosquitto_sub ${place} -t 'greetings/#' -v`,
      done: (totals.bindings ?? 0) > 0 || (sample.subscriptions ?? 0) > 0,
    },
    {
      title: t.publish,
      hint: t.publishHint,
      command: `mosquitto_pub ${place} -t greetings/world -m hello`,
      done: (totals.messages_published ?? 0) > 0,
    },
    {
      title: t.retain,
      hint: t.retainHint,
      command: `mosquitto_pub ${place} -t greetings/last -m 'still here' -r`,
      done: (totals.retained_messages ?? 0) > 0,
    },
  ]
  const hide = () => {
    localStorage.setItem(storageKey, 'hidden')
    setHidden(true)
  }
  return (
    <Card>
      <CardHead title={t.steps}>
        <Button look="ghost" small onClick={hide}>
          {t.hide}
        </Button>
      </CardHead>
      <ol className="grid gap-3 p-3 lg:grid-cols-3">
        {steps.map(({ title, hint, command, done }, at) => (
          <li
            key={title}
            data-done={done}
            className={cx('flex min-w-0 flex-col gap-2 rounded-md border p-3', done && 'border-good/40 bg-good-soft')}
          >
            <div className="flex items-center gap-2 font-medium">
              {done ? (
                <CircleCheck aria-label={t.stepDone} className="size-5 text-good" />
              ) : (
                <span className="numbers grid size-5 place-items-center rounded-full border border-strong-line text-xs">
                  {at + 1}
                </span>
              )}
              {title}
            </div>
            <p className={cx('flex-1', done ? 'text-ink' : 'text-muted')}>{hint}</p>
            <Command>{command}</Command>
          </li>
        ))}
      </ol>
    </Card>
  )
}

/** Of the listener that takes plain MQTT. */
function useMqttPort(): number {
  const { data } = useAnswer('GET /listeners', {})
  return data?.find(({ protocol, transport }) => protocol === 'mqtt' && transport === 'tcp')?.port ?? standardPort
}
