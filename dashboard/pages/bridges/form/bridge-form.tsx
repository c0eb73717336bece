import { useEffect, useRef, useState } from 'react'
import { Refused } from '../../../api/client.ts'
import { useAct } from '../../../api/queries.ts'
import { useLocation } from '../../../app/navigation.ts'
import { useWords } from '../../../language/language.ts'
import { Button } from '../../../ui/button.tsx'
import { Card, CardHead } from '../../../ui/card.tsx'
import { toast, toastFailure } from '../../../ui/toast.tsx'
import { bridgePath } from '../bridge-state.tsx'
import { LadderFoot } from '../ladder.tsx'
import { BridgeStep, bridgeOptions } from './bridge-step.tsx'
import {
  type ChosenConnection,
  type Connection,
  ConnectionStep,
  connectionBody,
  connectionNamed,
} from './connection-step.tsx'
import { type Entry, filledIn, valueAt, withValue } from './entry.ts'
import { type BridgeType, connectionOption, type Direction, directionsOf } from './options.ts'
import { text } from './words.ts'

/** A bridge as it is configured. */
export interface Configured {
  readonly name: string
  readonly config: Entry
}

interface BridgeFormProps {
  readonly types: readonly BridgeType[]
  readonly connections: readonly Connection[]
  /** Undefined: a new one is made. */
  readonly old: Configured | undefined
}

/** Makes or changes a bridge, and with it the connection that it uses. */
export function BridgeForm({ types, connections, old }: BridgeFormProps) {
  const t = useWords(text)
  const [, navigate] = useLocation()
  const [name, setName] = useState(old?.name ?? '')
  const [wanted, setWanted] = useState<Direction>(old && 'ingress' in old.config ? 'ingress' : 'egress')
  const [entry, setEntry] = useState<Entry>(old?.config ?? {})
  const [chosen, setChosen] = useState(() => {
    const named = valueAt(entry, connectionOption[wanted]) ?? connections[0]?.name
    return connectionNamed(String(named ?? ''), { connections, types })
  })
  const putConnection = useAct('PUT /connections/:name', failures)
  const putBridge = useAct('PUT /bridges/:name', failures)
  const form = useRef<HTMLFormElement>(null)
  const error = putConnection.error ?? putBridge.error
  useEffect(() => {
    if (error) form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus()
  }, [error])
  const { type } = chosen
  const possible = type ? directionsOf(type) : []
  const direction = possible.includes(wanted) ? wanted : (possible[0] ?? wanted)
  const busy = putConnection.isPending || putBridge.isPending
  const bridgeOver = (connection: string): Entry => {
    const filled = type ? filledIn(entry, bridgeOptions(type, direction)) : {}
    return withValue(filled, connectionOption[direction], connection)
  }
  const saveBridge = () => {
    putBridge.mutate(
      { params: { name }, body: bridgeOver(chosen.name) },
      {
        onSuccess: () => {
          toast(t.saved(name))
          navigate(bridgePath(name))
        },
      },
    )
  }
  const save = () => {
    putBridge.reset()
    if (chosen.entry === undefined) saveBridge()
    else
      putConnection.mutate({ params: { name: chosen.name }, body: connectionBody(chosen) }, { onSuccess: saveBridge })
  }
  return (
    <form
      ref={form}
      className="flex max-w-4xl flex-col gap-4"
      onSubmit={event => {
        event.preventDefault()
        if (!busy) save()
      }}
    >
      <ConnectionStep {...{ types, connections, chosen }} error={putConnection.error} onChange={setChosen} />
      {type && (
        <BridgeStep
          {...{ type, name, direction, entry }}
          named={old !== undefined}
          error={putBridge.error}
          onName={setName}
          onDirection={setWanted}
          onChange={setEntry}
        />
      )}
      {type && <WholeTest {...{ name, chosen, bridgeOver }} />}
      <div className="flex justify-end gap-2">
        <Button onClick={() => navigate(old ? bridgePath(old.name) : '/bridges')}>{t.cancel}</Button>
        <Button type="submit" look="main" disabled={busy}>
          {t.save}
        </Button>
      </div>
    </form>
  )
}

/** The ladder of the bridge as it is here, up to its topic; what has no name yet gets one for that. */
function WholeTest({
  name,
  chosen,
  bridgeOver,
}: {
  readonly name: string
  readonly chosen: ChosenConnection
  readonly bridgeOver: (connection: string) => Entry
}) {
  const t = useWords(text)
  const written = useAct('POST /bridges/:name/try')
  const test = () =>
    written.mutate({
      params: { name: name || 'new' },
      body: {
        bridge: bridgeOver(chosen.name || 'new'),
        ...(chosen.entry !== undefined && { connection: connectionBody(chosen) }),
      },
    })
  return (
    <Card>
      <CardHead title={t.testStep} />
      <p className="px-4 py-3 text-muted">{t.testHint}</p>
      <LadderFoot label={t.testBridge} test={written} onTest={test} />
    </Card>
  )
}

/** A refusal is told at its field. */
const failures = { failed: (error: Error) => error instanceof Refused || toastFailure(error) }
