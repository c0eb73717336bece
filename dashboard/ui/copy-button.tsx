import { useState } from 'react'
import { useWords, words } from '../language/language.ts'
import { IconButton } from './button.tsx'
import { Check, Copy } from './icons.ts'

const text = words({ en: { copy: 'Copy', copied: 'Copied' }, zh: { copy: '复制', copied: '已复制' } })

export function CopyButton({ value }: { value: string }) {
  const { copy, copied } = useWords(text)
  const [done, setDone] = useState(false)
  return (
    <IconButton
      small
      label={done ? copied : copy}
      onClick={() => void copyText(value).then(() => setDone(true))}
      onBlur={() => setDone(false)}
    >
      {done ? <Check /> : <Copy />}
    </IconButton>
  )
}

/** Browsers offer the clipboard only to pages of this machine or over TLS; the old way works everywhere. */
async function copyText(value: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(value)
  const area = document.createElement('textarea')
  area.value = value
  document.body.append(area)
  area.select()
  document.execCommand('copy')
  area.remove()
}

/** A command to run, with a button that copies it. */
export function Command({ children }: { children: string }) {
  return (
    <div className="flex max-w-full items-center gap-1 rounded-md border bg-raised py-0.5 pr-1 pl-2.5 text-left">
      <code className="min-w-0 flex-1 py-1 font-mono text-xs wrap-anywhere">{children}</code>
      <CopyButton value={children} />
    </div>
  )
}
