import { useVirtualizer } from '@tanstack/react-virtual'
import { type KeyboardEvent, type ReactNode, useRef } from 'react'
import { useWords, words } from '../language/language.ts'
import { cx } from '../ui/class-names.ts'
import { ChevronRight } from '../ui/icons.ts'
import { useActive } from './use-active.ts'

const text = words({ en: { open: 'Open', close: 'Close' }, zh: { open: '展开', close: '折叠' } })
const rowHeight = 30

export interface Branch {
  readonly id: string
  /** 0: at the root. */
  readonly depth: number
  /** Undefined: it has nothing below. */
  readonly open: boolean | undefined
  readonly content: ReactNode
}

/** A tree of which only what is seen is in the page, with the keys that readers know from trees. */
export function Tree({
  label,
  branches,
  chosen,
  onChoose,
  onToggle,
}: {
  readonly label: string
  readonly branches: readonly Branch[]
  readonly chosen: string | undefined
  readonly onChoose: (id: string) => void
  readonly onToggle: (id: string) => void
}) {
  const t = useWords(text)
  const scroller = useRef<HTMLDivElement>(null)
  const [active, setActive] = useActive(branches.length, index => (branches[index] as Branch).id)
  const virtual = useVirtualizer({
    count: branches.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 15,
    initialRect: { width: 400, height: 600 },
  })
  const move = (to: number) => {
    const index = Math.max(0, Math.min(branches.length - 1, to))
    setActive(index)
    virtual.scrollToIndex(index)
    requestAnimationFrame(() =>
      scroller.current?.querySelector<HTMLElement>(`[data-branch="${index}"]`)?.focus({ preventScroll: true }),
    )
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const branch = branches[active]
    if (!branch) return
    const { id, open, depth } = branch
    if (event.key === 'ArrowDown') move(active + 1)
    else if (event.key === 'ArrowUp') move(active - 1)
    else if (event.key === 'Home') move(0)
    else if (event.key === 'End') move(branches.length - 1)
    else if (event.key === 'ArrowRight' && open === false) onToggle(id)
    else if (event.key === 'ArrowRight' && open) move(active + 1)
    else if (event.key === 'ArrowLeft' && open) onToggle(id)
    else if (event.key === 'ArrowLeft')
      move(branches.findLastIndex((one, at) => at < active && one.depth === depth - 1))
    else if (event.key === 'Enter' || event.key === ' ') onChoose(id)
    else return
    event.preventDefault()
  }
  const rows = virtual.getVirtualItems()
  const tabStop = rows.some(({ index }) => index === active) ? active : rows[0]?.index
  return (
    <div ref={scroller} className="h-[calc(100dvh-16rem)] min-h-72 overflow-auto py-1">
      {branches.length > 0 && (
        <div
          role="tree"
          aria-label={label}
          className="relative"
          style={{ height: virtual.getTotalSize() }}
          onKeyDown={onKeyDown}
        >
          {rows.map(({ index, start }) => {
            const branch = branches[index]
            if (!branch) return null
            const { id, depth, open, content } = branch
            return (
              // biome-ignore lint/a11y/useKeyWithClickEvents: the tree listens to keys for all its branches.
              <div
                key={id}
                role="treeitem"
                data-branch={index}
                aria-level={depth + 1}
                aria-selected={id === chosen}
                {...(open !== undefined && { 'aria-expanded': open })}
                tabIndex={index === tabStop ? 0 : -1}
                onFocus={() => setActive(index)}
                onClick={() => onChoose(id)}
                className={cx(
                  'absolute inset-x-1 top-0 flex cursor-pointer items-center gap-1 rounded-md pr-2 -outline-offset-2',
                  id === chosen ? 'bg-accent-soft' : 'hover:bg-raised',
                )}
                style={{ height: rowHeight, transform: `translateY(${start}px)`, paddingLeft: depth * 16 + 4 }}
              >
                <span
                  aria-hidden="true"
                  title={open === undefined ? undefined : open ? t.close : t.open}
                  className={cx(
                    'grid size-6 shrink-0 place-items-center rounded text-muted',
                    open !== undefined && 'hover:bg-line',
                  )}
                  onClick={event => {
                    if (open === undefined) return
                    event.stopPropagation()
                    onToggle(id)
                  }}
                >
                  {open !== undefined && (
                    <ChevronRight className={cx('size-4 transition-transform', open && 'rotate-90')} />
                  )}
                </span>
                {content}
              </div>
            )
          })}
        </div>
      )}
    </div>
  )
}
