import { type ComponentProps, type ReactNode, useId } from 'react'
import { cx } from './class-names.ts'

const box =
  'rounded-md border border-strong-line bg-surface px-2.5 text-sm placeholder:text-muted disabled:opacity-50 aria-invalid:border-bad'

/** As wide as there is room, unless a width is given. */
function sized(className: string | undefined): string {
  return cx(box, !/(^|\s)w-/.test(className ?? '') && 'w-full', className)
}

export function Input({ className, ...rest }: ComponentProps<'input'>) {
  return <input className={cx('h-8', sized(className))} {...rest} />
}

export function TextArea({ className, ...rest }: ComponentProps<'textarea'>) {
  return <textarea className={cx('min-h-20 py-1.5 font-mono', sized(className))} {...rest} />
}

export interface Choice {
  readonly value: string
  readonly label: string
}

/** The browser's own list: it works with every finger, key and reader. */
export function Select({
  choices,
  className,
  onChoose,
  ...rest
}: Omit<ComponentProps<'select'>, 'onChange'> & {
  readonly choices: readonly Choice[]
  readonly onChoose: (value: string) => void
}) {
  return (
    <select className={cx('h-8 pr-1', sized(className))} onChange={event => onChoose(event.target.value)} {...rest}>
      {choices.map(({ value, label }) => (
        <option key={value} value={value}>
          {label}
        </option>
      ))}
    </select>
  )
}

export function Checkbox({ label, className, ...rest }: Omit<ComponentProps<'input'>, 'type'> & { label: ReactNode }) {
  return (
    <label className={cx('inline-flex items-center gap-2', className)}>
      <input type="checkbox" className="size-4 accent-accent" {...rest} />
      {label}
    </label>
  )
}

/** A labelled field; `children` gets the id that binds them, and is told when it is wrong. */
export function Field({
  label,
  hint,
  error,
  className,
  children,
}: {
  readonly label: string
  readonly hint?: ReactNode
  readonly error?: string | undefined
  readonly className?: string
  readonly children: (bound: {
    id: string
    'aria-describedby': string | undefined
    'aria-invalid': true | undefined
  }) => ReactNode
}) {
  const id = useId()
  const told = error ?? hint
  return (
    <div className={cx('flex flex-col gap-1', className)}>
      <label htmlFor={id} className="text-xs font-medium text-muted">
        {label}
      </label>
      {children({
        id,
        'aria-describedby': told ? `${id}-hint` : undefined,
        'aria-invalid': error === undefined ? undefined : true,
      })}
      {told && (
        <p id={`${id}-hint`} className={cx('text-xs', error === undefined ? 'text-muted' : 'text-bad')}>
          {told}
        </p>
      )}
    </div>
  )
}

type Labelled = Pick<ComponentProps<typeof Field>, 'label' | 'hint' | 'error' | 'className'>

/** A line of text with its label. Nothing is suggested or corrected: what is typed are names. */
export function TextField({
  label,
  hint,
  error,
  onChange,
  ...rest
}: Labelled & Omit<ComponentProps<'input'>, 'onChange'> & { readonly onChange: (value: string) => void }) {
  return (
    <Field label={label} hint={hint} error={error}>
      {bound => (
        <Input
          {...bound}
          autoComplete="off"
          spellCheck={false}
          {...rest}
          onChange={event => onChange(event.target.value)}
        />
      )}
    </Field>
  )
}

/** One of few, with its label. */
export function SelectField({
  label,
  hint,
  value,
  onChoose,
  choices,
}: Labelled & {
  readonly value: string
  readonly onChoose: (value: string) => void
  readonly choices: readonly Choice[]
}) {
  return (
    <Field label={label} hint={hint}>
      {bound => <Select {...bound} value={value} onChoose={onChoose} choices={choices} />}
    </Field>
  )
}
