import { useVirtualizer } from '@tanstack/react-virtual'
import { type KeyboardEvent, type ReactNode, useLayoutEffect, useRef, useState } from 'react'
import { useWords, words } from '../language/language.ts'
import { cx } from '../ui/class-names.ts'
import { type Column, columnsThatFit, gridOf, isNarrow } from './columns.ts'
import { useActive } from './use-active.ts'

const text = words({ en: { acts: 'Actions' }, zh: { acts: '操作' } })
const rowHeight = 36
/** So far from its end a list asks for more. */
const rowsAhead = 40

export interface RowsProps<Item> {
  readonly label: string
  readonly items: readonly Item[]
  /** Of the whole list; undefined: it is not known. */
  readonly count: number | undefined
  readonly columns: readonly Column<Item>[]
  readonly keyOf: (item: Item) => string
  readonly onOpen?: ((item: Item) => void) | undefined
  /** The end is near: there is more to load. */
  readonly onEnd?: (() => void) | undefined
  /** Shown instead of rows. */
  readonly empty?: ReactNode
}

/** A grid of which only what is seen is in the page: a hundred thousand rows scroll as ten do. */
export function Rows<Item>({ label, items, count, columns, keyOf, onOpen, onEnd, empty }: RowsProps<Item>) {
  const { acts } = useWords(text)
  const scroller = useRef<HTMLDivElement>(null)
  const [active, setActive] = useActive(items.length, index => keyOf(items[index] as Item))
  const width = useWidth(scroller)
  const shown = columnsThatFit(columns, width)
  const grid = gridOf(shown)
  const wraps = isNarrow(width)
  const virtual = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 12,
    initialRect: { width: 800, height: 600 },
  })
  // Rows were as high as they had to be at another width.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the width decides.
  useLayoutEffect(() => virtual.measure(), [virtual, width, wraps])
  const rows = virtual.getVirtualItems()
  const last = rows.at(-1)?.index ?? 0
  useLayoutEffect(() => {
    if (items.length > 0 && last >= items.length - rowsAhead) onEnd?.()
  }, [last, items.length, onEnd])

  const move = (to: number) => {
    const index = Math.max(0, Math.min(items.length - 1, to))
    setActive(index)
    virtual.scrollToIndex(index)
    requestAnimationFrame(() =>
      scroller.current?.querySelector<HTMLElement>(`[data-row="${index}"]`)?.focus({ preventScroll: true }),
    )
  }
  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>) => {
    if (!(event.target as HTMLElement).matches('[data-row]')) return
    const item = items[active]
    const steps: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1, PageDown: 15, PageUp: -15 }
    const step = steps[event.key]
    if (step !== undefined) move(active + step)
    else if (event.key === 'Home') move(0)
    else if (event.key === 'End') move(items.length - 1)
    else if (event.key === 'Enter' && item !== undefined && onOpen) onOpen(item)
    else return
    event.preventDefault()
  }
  const tabStop = rows.some(({ index }) => index === active) ? active : rows[0]?.index
  return (
    <div
      ref={scroller}
      role="grid"
      aria-label={label}
      aria-rowcount={count === undefined ? -1 : count + 1}
      aria-colcount={shown.length}
      onKeyDown={onKeyDown}
      className="relative max-h-[calc(100dvh-15rem)] min-h-24 overflow-auto"
    >
      <div role="rowgroup" className="sticky top-0 z-10 min-w-fit border-b bg-surface">
        <div
          role="row"
          aria-rowindex={1}
          className="grid gap-x-3 sm:gap-x-5 px-4"
          style={{ gridTemplateColumns: grid }}
        >
          {shown.map(({ id, head, numeric }) => (
            <div
              key={id}
              role="columnheader"
              className={cx('flex h-9 items-center truncate text-xs font-medium text-muted', numeric && 'justify-end')}
            >
              {head || <span className="sr-only">{acts}</span>}
            </div>
          ))}
        </div>
      </div>
      {items.length === 0 ? (
        <div role="rowgroup">
          <div role="row">
            <div role="gridcell">{empty}</div>
          </div>
        </div>
      ) : (
        <div role="rowgroup" className="relative min-w-fit" style={{ height: virtual.getTotalSize() }}>
          {rows.map(({ index, start }) => {
            const item = items[index]
            if (item === undefined) return null
            return (
              // biome-ignore lint/a11y/useKeyWithClickEvents: the grid listens to keys for all its rows.
              <div
                key={keyOf(item)}
                role="row"
                ref={wraps ? virtual.measureElement : undefined}
                data-index={index}
                data-row={index}
                aria-rowindex={index + 2}
                tabIndex={index === tabStop ? 0 : -1}
                onFocus={() => setActive(index)}
                onClick={event => {
                  // A link, a button, or a selection of text within it is meant by itself.
                  const target = event.target as HTMLElement
                  if (!target.closest('a, button, input, [role=menuitem]') && !getSelection()?.toString())
                    onOpen?.(item)
                }}
                className={cx(
                  'absolute inset-x-0 top-0 grid items-center gap-x-3 sm:gap-x-5 border-b px-4 -outline-offset-2 hover:bg-raised',
                  onOpen && 'cursor-pointer',
                )}
                style={{
                  ...(wraps ? { minHeight: rowHeight } : { height: rowHeight }),
                  transform: `translateY(${start}px)`,
                  gridTemplateColumns: grid,
                }}
              >
                {shown.map(({ id, cell, numeric }) => (
                  <div
                    key={id}
                    role="gridcell"
                    className={cx(
                      'min-w-0',
                      wraps ? 'wrap-anywhere py-1' : 'truncate',
                      numeric && 'numbers text-right',
                    )}
                  >
                    {cell(item)}
                  </div>
                ))}
              </div>
            )
          })}
        </div>
      )}
    </div>
  )
}

function useWidth(of: { readonly current: HTMLElement | null }): number {
  const [width, setWidth] = useState(1_200)
  useLayoutEffect(() => {
    const element = of.current
    if (!element) return undefined
    setWidth(element.clientWidth)
    const observer = new ResizeObserver(([entry]) => entry && setWidth(entry.contentRect.width))
    observer.observe(element)
    return () => observer.disconnect()
  }, [of])
  return width
}
