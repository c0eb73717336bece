import type { Row } from '../../../api/client.ts'
import { useAct } from '../../../api/queries.ts'
import { useWords } from '../../../language/language.ts'
import { Button } from '../../../ui/button.tsx'
import { Card, CardHead } from '../../../ui/card.tsx'
import { Field, Input, Select } from '../../../ui/field.tsx'
import { LadderFoot } from '../ladder.tsx'
import { type Entry, filledIn } from './entry.ts'
import { faultsElsewhere, faultsOf } from './faults.ts'
import { Described } from './option-field.tsx'
import { OptionFields } from './option-fields.tsx'
import type { BridgeType } from './options.ts'
import { text } from './words.ts'

export type Connection = Row<'GET /connections'>

/** Which connection a bridge is to use, and whether it is made or changed for it. */
export interface ChosenConnection {
  /** One that is there; undefined: a new one. */
  readonly old: Connection | undefined
  readonly name: string
  readonly type: BridgeType | undefined
  /** Undefined: it stays as it is. */
  readonly entry: Entry | undefined
}

/** The entry as it is sent. */
export function connectionBody({ type, entry = {} }: ChosenConnection): Entry {
  return { type: type?.type, ...filledIn(entry, type?.connection ?? []) }
}

interface ConnectionStepProps {
  readonly types: readonly BridgeType[]
  readonly connections: readonly Connection[]
  readonly chosen: ChosenConnection
  readonly error: Error | null
  readonly onChange: (chosen: ChosenConnection) => void
}

export function ConnectionStep({ types, connections, chosen, error, onChange }: ConnectionStepProps) {
  const t = useWords(text)
  const { old, name, type, entry } = chosen
  const choose = (wanted: string) => onChange(connectionNamed(wanted, { connections, types }))
  return (
    <Card>
      <CardHead title={t.connectionStep} />
      <div className="flex flex-col gap-3 p-4">
        <div className="grid items-start gap-3 sm:grid-cols-2">
          <Field label={t.connection}>
            {bound => (
              <Select
                {...bound}
                value={old?.name ?? ''}
                onChoose={choose}
                choices={[
                  ...connections.map(one => ({ value: one.name, label: `${one.name} · ${one.type}` })),
                  { value: '', label: t.newConnection },
                ]}
              />
            )}
          </Field>
          {old === undefined && (
            <Field label={`${t.connectionName} *`} hint={t.nameHint}>
              {bound => (
                <Input
                  {...bound}
                  required
                  pattern="[a-z0-9][a-z0-9_\-]{0,63}"
                  autoComplete="off"
                  spellCheck={false}
                  value={name}
                  onChange={event => onChange({ ...chosen, name: event.target.value })}
                />
              )}
            </Field>
          )}
          {old === undefined && (
            <Field label={t.type} hint={type && <Described>{type.describe}</Described>} className="sm:col-span-2">
              {bound => (
                <Select
                  {...bound}
                  value={type?.type ?? ''}
                  onChoose={wanted => onChange({ ...chosen, type: types.find(one => one.type === wanted), entry: {} })}
                  choices={types.map(one => ({ value: one.type, label: one.type }))}
                />
              )}
            </Field>
          )}
        </div>
        {old && entry === undefined && (
          <p className="flex flex-wrap items-center gap-2 text-muted">
            {old.bridges.length > 0 && <span>{t.usedBy(old.bridges.join(', '))}</span>}
            <Button small onClick={() => onChange({ ...chosen, entry: old.config })}>
              {t.changeConnection}
            </Button>
          </p>
        )}
        {type && entry && (
          <OptionFields
            key={type.type}
            options={type.connection}
            entry={entry}
            faults={faultsOf(error)}
            onChange={changed => onChange({ ...chosen, entry: changed })}
          />
        )}
        <Elsewhere faults={faultsElsewhere(error, type?.connection ?? [])} />
      </div>
      <Test chosen={chosen} />
    </Card>
  )
}

/** The choice of a name; an empty one stands for a new connection. */
export function connectionNamed(
  name: string,
  { connections, types }: Pick<ConnectionStepProps, 'connections' | 'types'>,
): ChosenConnection {
  const old = connections.find(one => one.name === name)
  if (!old) return { old: undefined, name: '', type: types[0], entry: {} }
  return { old, name, type: types.find(one => one.type === old.type), entry: undefined }
}

/** The ladder of the connection, as it is here and not as it is kept. */
function Test({ chosen }: { chosen: ChosenConnection }) {
  const t = useWords(text)
  const kept = useAct('POST /connections/:name/test')
  const written = useAct('POST /connections/:name/try')
  const { name, entry } = chosen
  const test = () => {
    if (entry === undefined) kept.mutate({ params: { name } })
    else written.mutate({ params: { name: name || 'new' }, body: connectionBody(chosen) })
  }
  return <LadderFoot label={t.test} test={entry === undefined ? kept : written} onTest={test} />
}

/** What is wrong and has no field of its own. */
export function Elsewhere({ faults }: { faults: readonly string[] }) {
  if (faults.length === 0) return null
  return (
    <div role="alert" className="text-bad">
      {faults.map(fault => (
        <p key={fault}>{fault}</p>
      ))}
    </div>
  )
}
