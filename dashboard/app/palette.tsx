import { type KeyboardEvent, useState } from 'react'
import { useAnswer } from '../api/queries.ts'
import { setLanguage, useLanguage, useWords, words } from '../language/language.ts'
import { setScheme } from '../theme/scheme.ts'
import { cx } from '../ui/class-names.ts'
import { Sheet } from '../ui/dialog.tsx'
import { lookWords } from './look-menu.tsx'
import { pageNames } from './pages.ts'
import { useShownPages } from './shown-pages.ts'

const text = words({
  en: { title: 'Search pages, clients and commands', nothing: 'Nothing found', client: 'Client' },
  zh: { title: '搜索页面、客户端和命令', nothing: '没有找到', client: '客户端' },
})

interface Entry {
  readonly id: string
  readonly label: string
  readonly kind: string
  run(): void
}

const shownAtMost = 12

/** One field that finds whatever there is to go to or to do. */
export function Palette({ open, onClose, go }: { open: boolean; onClose: () => void; go: (path: string) => void }) {
  const { title } = useWords(text)
  return (
    <Sheet open={open} onClose={onClose} title={title}>
      <Finder onClose={onClose} go={go} />
    </Sheet>
  )
}

function Finder({ onClose, go }: { onClose: () => void; go: (path: string) => void }) {
  const t = useWords(text)
  const [typed, setTyped] = useState('')
  const [active, setActive] = useState(0)
  const entries = useEntries(typed.trim(), go)
  const run = (entry: Entry | undefined) => {
    if (!entry) return
    onClose()
    entry.run()
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown') setActive((active + 1) % Math.max(1, entries.length))
    else if (event.key === 'ArrowUp') setActive((active + entries.length - 1) % Math.max(1, entries.length))
    else if (event.key === 'Enter') run(entries[active])
    else return
    event.preventDefault()
  }
  return (
    <>
      <input
        // biome-ignore lint/a11y/noAutofocus: whoever opened it wants to type.
        autoFocus
        role="combobox"
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={entries[active] && `palette-${active}`}
        aria-label={t.title}
        placeholder={t.title}
        value={typed}
        onChange={event => {
          setTyped(event.target.value)
          setActive(0)
        }}
        onKeyDown={onKeyDown}
        className="h-12 w-full border-b bg-transparent px-4 text-base -outline-offset-2 placeholder:text-muted focus-visible:outline-none"
      />
      <div id="palette-list" role="listbox" aria-label={t.title} className="max-h-[50vh] overflow-auto p-1.5">
        {entries.map((entry, at) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: keys go to the field, which names the active entry.
          <div
            key={entry.id}
            id={`palette-${at}`}
            role="option"
            aria-selected={at === active}
            onMouseMove={() => setActive(at)}
            onClick={() => run(entry)}
            className={cx(
              'flex h-9 cursor-pointer items-center gap-3 rounded-md px-2.5',
              at === active && 'bg-accent-soft',
            )}
          >
            <span className="min-w-0 flex-1 truncate">{entry.label}</span>
            <span className="text-xs text-muted">{entry.kind}</span>
          </div>
        ))}
        {entries.length === 0 && <p className="px-2.5 py-3 text-muted">{t.nothing}</p>}
      </div>
    </>
  )
}

function useEntries(typed: string, go: (path: string) => void): readonly Entry[] {
  const t = useWords(text)
  const names = useWords(pageNames)
  const look = useWords(lookWords)
  const language = useLanguage()
  const clients = useAnswer('GET /clients', { query: { search: typed, limit: 5 } }, { enabled: typed.length >= 2 })
  const fits = ({ label, id }: Entry) => `${label} ${id}`.toLowerCase().includes(typed.toLowerCase())
  const toPages = useShownPages()
    .filter(({ group }) => group !== undefined)
    .map(({ name, path, group }): Entry => {
      return { id: name, label: names[name], kind: group ? names.groups[group] : '', run: () => go(path) }
    })
  const acts: readonly Entry[] = [
    { id: 'dark', label: `${look.theme}: ${look.dark}`, kind: look.theme, run: () => setScheme('dark') },
    { id: 'light', label: `${look.theme}: ${look.light}`, kind: look.theme, run: () => setScheme('light') },
    { id: 'system', label: `${look.theme}: ${look.system}`, kind: look.theme, run: () => setScheme('system') },
    language === 'en'
      ? { id: 'chinese zh', label: '中文', kind: look.language, run: () => setLanguage('zh') }
      : { id: 'english en', label: 'English', kind: look.language, run: () => setLanguage('en') },
  ]
  const found = typed.length < 2 ? [] : (clients.data?.data ?? [])
  const toClients = found.map(({ clientId, tenant, protocol }): Entry => {
    const query = new URLSearchParams({ id: clientId, tenant, protocol })
    return { id: `client ${clientId}`, label: clientId, kind: t.client, run: () => go(`/client?${query}`) }
  })
  return [...[...toPages, ...acts].filter(fits), ...toClients].slice(0, shownAtMost)
}
