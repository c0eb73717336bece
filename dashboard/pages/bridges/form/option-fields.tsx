import type { ReactNode } from 'react'
import { Checkbox } from '../../../ui/field.tsx'
import { type Entry, valueAt, withValue } from './entry.ts'
import { type Faults, faultAt } from './faults.ts'
import { Described, OptionField } from './option-field.tsx'
import { elementOf, isChosen, keyOf, type Option, optionsWithin } from './options.ts'

export interface OptionFieldsProps {
  /** All that there are, also those within others. */
  readonly options: readonly Option[]
  readonly entry: Entry
  readonly faults: Faults
  readonly onChange: (entry: Entry) => void
  /** Default: all at the top. */
  readonly shown?: readonly Option[]
}

/** Fields of options, and of the options within them. */
export function OptionFields({
  options,
  entry,
  faults,
  onChange,
  shown = optionsWithin(options, ''),
}: OptionFieldsProps) {
  return (
    <div className="grid items-start gap-3 sm:grid-cols-2">
      {shown.map(option => {
        const { name } = option
        const set = (value: unknown) => onChange(withValue(entry, name, value))
        const within = optionsWithin(options, name)
        const fault = faultAt(faults, option)
        const value = valueAt(entry, name)
        if (option.type !== 'object' || within.length === 0)
          return (
            <OptionField key={name} element={elementOf(options, option)} onChange={set} {...{ option, value, fault }} />
          )
        return (
          <Section
            key={name}
            there={value !== undefined}
            onChoose={there => set(there ? {} : undefined)}
            {...{ option, fault }}
          >
            <OptionFields {...{ options, entry, faults, onChange }} shown={within} />
          </Section>
        )
      })}
    </div>
  )
}

function Section({
  option,
  fault,
  there,
  onChoose,
  children,
}: {
  option: Option
  fault: string | undefined
  there: boolean
  onChoose: (there: boolean) => void
  children: ReactNode
}) {
  const chosen = isChosen(option)
  return (
    <fieldset className="flex min-w-0 flex-col gap-2 rounded-md border px-3 pt-1 pb-3 sm:col-span-2">
      <legend className="px-1 font-medium">
        {chosen ? (
          <Checkbox label={keyOf(option)} checked={there} onChange={event => onChoose(event.target.checked)} />
        ) : (
          keyOf(option)
        )}
      </legend>
      <p className="text-xs text-muted">
        <Described>{option.describe}</Described>
      </p>
      {fault !== undefined && <p className="text-xs text-bad">{fault}</p>}
      {(there || !chosen) && children}
    </fieldset>
  )
}
