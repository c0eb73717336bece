import { type ReactNode, useState } from 'react'
import { useLanguage, useWords } from '../../../language/language.ts'
import { Checkbox, Field, Input, Select, TextArea } from '../../../ui/field.tsx'
import { type AreaText, areaTextOf } from './area-text.ts'
import { chinese } from './chinese.ts'
import { keyOf, type Option } from './options.ts'
import { text } from './words.ts'

interface OptionFieldProps {
  readonly option: Option
  readonly element: Option | undefined
  readonly value: unknown
  readonly fault: string | undefined
  readonly onChange: (value: unknown) => void
}

type Bound = Parameters<Parameters<typeof Field>[0]['children']>[0]

/** The field of one option, of the kind that its description asks for. */
export function OptionField({ option, element, value, fault, onChange }: OptionFieldProps) {
  const t = useWords(text)
  const key = keyOf(option)
  const area = areaTextOf(option, element)
  const [unread, setUnread] = useState(false)
  const told = unread ? (option.type === 'map' ? t.pairsALine : t.jsonFault) : fault
  return (
    <Field
      label={option.required ? `${key} *` : key}
      hint={
        <>
          <Described>{option.describe}</Described>
          {option.type === 'list' && element && ` ${t.oneALine}`}
          {option.type === 'map' && element && ` ${t.pairsALine}`}
        </>
      }
      error={told}
      {...(area && { className: 'sm:col-span-2' })}
    >
      {bound => {
        if (area)
          return (
            <Area bound={bound} area={area} unread={unread} {...{ option, value, onChange, onUnread: setUnread }} />
          )
        return <Line bound={bound} {...{ option, value, onChange }} />
      }}
    </Field>
  )
}

type LineProps = Pick<OptionFieldProps, 'option' | 'value' | 'onChange'> & { readonly bound: Bound }

function Line({ option, value, onChange, bound }: LineProps) {
  const t = useWords(text)
  const { type, values, missing = {}, secret } = option
  const standard = option.default === undefined ? '' : String(option.default)
  if (type === 'boolean')
    return (
      <Checkbox
        {...bound}
        label={t.yes}
        checked={Boolean(value ?? option.default)}
        onChange={event => onChange(event.target.checked === option.default ? undefined : event.target.checked)}
      />
    )
  if (values)
    return (
      <Select
        {...bound}
        value={String(value ?? '')}
        onChoose={chosen => onChange(chosen === '' ? undefined : chosen)}
        choices={[
          { value: '', label: standard === '' ? t.unset : t.standard(standard) },
          ...values.map(one => ({ value: one, label: missing[one] === undefined ? one : `${one}: ${missing[one]}` })),
        ]}
      />
    )
  return (
    <Input
      {...bound}
      type={secret ? 'password' : 'text'}
      autoComplete={secret ? 'new-password' : 'off'}
      spellCheck={false}
      placeholder={standard}
      value={String(value ?? '')}
      onChange={event => onChange(type === 'number' ? asNumber(event.target.value) : event.target.value)}
    />
  )
}

/** What is no number is left for the server to complain about. */
function asNumber(written: string): unknown {
  return /^-?\d+(\.\d*[1-9])?$/.test(written) ? Number(written) : written
}

/** Keeps what is being written, also while it cannot be read. */
function Area({
  bound,
  area,
  option,
  value,
  unread,
  onChange,
  onUnread,
}: LineProps & { area: AreaText; unread: boolean; onUnread: (unread: boolean) => void }) {
  const t = useWords(text)
  const [written, setWritten] = useState(() => area.write(value))
  const write = (next: string) => {
    setWritten(next)
    try {
      onChange(area.parse(next))
      onUnread(false)
    } catch {
      onUnread(true)
    }
  }
  return (
    <TextArea
      {...bound}
      ref={field => field?.setCustomValidity(unread ? t.unread : '')}
      spellCheck={false}
      placeholder={area.write(option.default)}
      value={written}
      onChange={event => write(event.target.value)}
    />
  )
}

/** What a plugin says of itself or of an option: a sentence in which backticks mark code. */
export function Described({ children }: { children: string }): ReactNode {
  const told = useLanguage() === 'zh' ? (chinese[children] ?? children) : children
  return told.split('`').map((part, at) =>
    at % 2 === 0 ? (
      part
    ) : (
      // biome-ignore lint/suspicious/noArrayIndexKey: the parts of one sentence stay where they are.
      <code key={at}>{part}</code>
    ),
  )
}
