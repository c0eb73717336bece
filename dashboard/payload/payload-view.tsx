import { useId, useState } from 'react'
import { useWords, words } from '../language/language.ts'
import { cx } from '../ui/class-names.ts'
import { CopyButton } from '../ui/copy-button.tsx'
import { bytesOf, hexOf, type JsonPart, jsonOf, jsonParts, type Payload } from './payload-bytes.ts'

const text = words({
  en: { look: 'Show payload as', text: 'Text', nothing: 'The payload is empty.', payload: 'Payload' },
  zh: { look: '载荷显示方式', text: '文本', nothing: '载荷为空。', payload: '载荷' },
})

const colours: Readonly<Record<JsonPart['kind'], string>> = {
  key: 'text-blue',
  text: 'text-good',
  number: 'text-violet',
  word: 'text-warn',
  mark: 'text-muted',
}

type Look = 'json' | 'text' | 'hex'

/** A payload as JSON, text or hexadecimal; at first as what it is. */
export function PayloadView({ value, className }: { value: Payload; className?: string }) {
  const t = useWords(text)
  const group = useId()
  const [chosen, setChosen] = useState<Look>()
  const json = jsonOf(value)
  const possible: readonly Look[] = [
    ...(json === undefined ? [] : (['json'] as const)),
    ...(value.encoding === 'text' ? (['text'] as const) : []),
    'hex',
  ]
  const look = chosen !== undefined && possible.includes(chosen) ? chosen : (possible[0] ?? 'hex')
  const names: Readonly<Record<Look, string>> = { json: 'JSON', text: t.text, hex: 'Hex' }
  return (
    <div className={cx('overflow-hidden rounded-md border', className)}>
      <div className="flex items-center justify-between border-b bg-raised px-1.5 py-1">
        <div role="radiogroup" aria-label={t.look} className="flex gap-1">
          {possible.map(one => (
            <label
              key={one}
              className={cx(
                'cursor-pointer rounded px-2 py-0.5 text-xs has-focus-visible:outline-2',
                one === look ? 'bg-surface font-medium shadow-card' : 'text-muted hover:text-ink',
              )}
            >
              <input
                type="radio"
                className="sr-only"
                checked={one === look}
                onChange={() => setChosen(one)}
                name={group}
              />
              {names[one]}
            </label>
          ))}
        </div>
        <CopyButton value={value.payload} />
      </div>
      {value.payload === '' ? (
        <p className="px-3 py-2 text-muted">{t.nothing}</p>
      ) : (
        <pre
          tabIndex={0}
          role="group"
          aria-label={t.payload}
          className="max-h-96 overflow-auto px-3 py-2 font-mono text-xs leading-5"
        >
          {look === 'json' ? <Json value={json} /> : look === 'text' ? value.payload : hexOf(bytesOf(value))}
        </pre>
      )}
    </div>
  )
}

function Json({ value }: { value: unknown }) {
  return jsonParts(value).map(({ kind, text: part }, at) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: parts have no other name, and are replaced as a whole.
    <span key={at} className={colours[kind]}>
      {part}
    </span>
  ))
}
