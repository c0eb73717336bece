import { DropdownMenu as Radix } from 'radix-ui'
import { type ReactElement, type ReactNode, useState } from 'react'
import { cx } from './class-names.ts'
import { Check } from './icons.ts'

/** A button that opens a list of acts. */
export function Menu({ button, children }: { button: ReactElement; children: ReactNode }) {
  // Drawn anew when it opens, because the place it is put into is not there yet at first.
  const [open, setOpen] = useState(false)
  return (
    <Radix.Root modal={false} open={open} onOpenChange={setOpen}>
      <Radix.Trigger asChild>{button}</Radix.Trigger>
      {/* Within a landmark, where readers look for content. */}
      <Radix.Portal container={document.querySelector('main')}>
        <Radix.Content
          align="end"
          sideOffset={4}
          collisionPadding={8}
          className="appear z-50 min-w-44 rounded-md border bg-surface p-1 shadow-float"
        >
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}

const item =
  'flex h-8 cursor-pointer items-center gap-2 rounded px-2 outline-none data-[highlighted]:bg-raised data-[disabled]:opacity-45 [&_svg]:size-4 [&_svg]:text-muted'

export function MenuItem({
  onSelect,
  danger = false,
  disabled = false,
  children,
}: {
  readonly onSelect: () => void
  readonly danger?: boolean
  readonly disabled?: boolean
  readonly children: ReactNode
}) {
  return (
    <Radix.Item className={cx(item, danger && 'text-bad')} disabled={disabled} onSelect={onSelect}>
      {children}
    </Radix.Item>
  )
}

/** One of several, of which one is chosen. */
export function MenuChoice({
  label,
  value,
  choices,
  onChoose,
}: {
  readonly label: string
  readonly value: string
  readonly choices: readonly { readonly value: string; readonly label: string; readonly icon?: ReactNode }[]
  readonly onChoose: (value: string) => void
}) {
  return (
    <Radix.RadioGroup value={value} onValueChange={onChoose}>
      <Radix.Label className="px-2 pt-1.5 pb-1 text-xs text-muted">{label}</Radix.Label>
      {choices.map(choice => (
        <Radix.RadioItem key={choice.value} value={choice.value} className={item}>
          {choice.icon}
          <span className="flex-1">{choice.label}</span>
          <Radix.ItemIndicator>
            <Check />
          </Radix.ItemIndicator>
        </Radix.RadioItem>
      ))}
    </Radix.RadioGroup>
  )
}

export function MenuLine() {
  return <Radix.Separator className="my-1 h-px bg-line" />
}
