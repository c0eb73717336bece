import { useWords } from '../../../language/language.ts'
import { Card, CardHead } from '../../../ui/card.tsx'
import { Field, Input, Select } from '../../../ui/field.tsx'
import { Elsewhere } from './connection-step.tsx'
import type { Entry } from './entry.ts'
import { faultAt, faultsElsewhere, faultsOf } from './faults.ts'
import { OptionFields } from './option-fields.tsx'
import {
  type BridgeType,
  connectionOption,
  type Direction,
  directionsOf,
  type Option,
  optionsWithin,
} from './options.ts'
import { text } from './words.ts'

/** What a bridge is about; all else has defaults that fit most. */
const first: readonly string[] = ['egress', 'when', 'to', 'ingress', 'publish']

interface BridgeStepProps {
  readonly type: BridgeType
  readonly name: string
  /** A bridge that is there keeps its name. */
  readonly named: boolean
  readonly direction: Direction
  readonly entry: Entry
  readonly error: Error | null
  readonly onName: (name: string) => void
  readonly onDirection: (direction: Direction) => void
  readonly onChange: (entry: Entry) => void
}

/** All options but the one that names the connection. */
export function bridgeOptions(type: BridgeType, direction: Direction): readonly Option[] {
  return (type[direction] ?? []).filter(({ name }) => name !== connectionOption[direction])
}

export function BridgeStep(props: BridgeStepProps) {
  const t = useWords(text)
  const { type, name, named, direction, entry, error, onName, onDirection, onChange } = props
  const options = bridgeOptions(type, direction)
  const top = optionsWithin(options, '')
  const faults = faultsOf(error)
  const rest = top.filter(option => !first.includes(option.name))
  const within = options.filter(option =>
    rest.some(one => option.name === one.name || option.name.startsWith(`${one.name}.`)),
  )
  const fields = { options, entry, faults, onChange }
  return (
    <>
      <Card>
        <CardHead title={t.bridgeStep} />
        <div className="flex flex-col gap-3 p-4">
          <div className="grid items-start gap-3 sm:grid-cols-2">
            {!named && (
              <Field label={`${t.name} *`} hint={t.nameHint}>
                {bound => (
                  <Input
                    {...bound}
                    required
                    pattern="[a-z0-9][a-z0-9_\-]{0,63}"
                    autoComplete="off"
                    spellCheck={false}
                    value={name}
                    onChange={event => onName(event.target.value)}
                  />
                )}
              </Field>
            )}
            <Field label={t.direction}>
              {bound => (
                <Select
                  {...bound}
                  value={direction}
                  onChoose={chosen => onDirection(chosen as Direction)}
                  choices={directionsOf(type).map(value => ({ value, label: t[value] }))}
                />
              )}
            </Field>
          </div>
          <OptionFields
            key={`${type.type} ${direction}`}
            {...fields}
            shown={top.filter(option => first.includes(option.name))}
          />
        </div>
      </Card>
      <Card>
        <details key={String(error)} open={within.some(option => faultAt(faults, option) !== undefined)}>
          <summary className="cursor-pointer px-4 py-2 font-semibold">
            {t.more} <span className="font-normal text-muted">{t.moreHint}</span>
          </summary>
          <div className="border-t p-4">
            <OptionFields key={`${type.type} ${direction}`} {...fields} shown={rest} />
          </div>
        </details>
      </Card>
      <Elsewhere faults={faultsElsewhere(error, options)} />
    </>
  )
}
