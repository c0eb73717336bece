import { useWords } from '../../language/language.ts'
import type { Column } from '../../table/columns.ts'
import { Badge } from '../../ui/badge.tsx'
import { IconButton } from '../../ui/button.tsx'
import { ArrowDown, ArrowUp, Trash2 } from '../../ui/icons.ts'
import { type Rule, useWho } from './rule.ts'
import { text } from './words.ts'

/** A rule with its place, from 1, as people count. */
export type Numbered = Rule & { readonly number: number }

interface Acts {
  /** The number of the last rule. */
  readonly last: number
  readonly move: (number: number, by: -1 | 1) => void
  readonly remove: (number: number) => void
}

/** `decisive`: the number of the rule that decides what is asked just now. */
export function useRuleColumns({
  decisive,
  acts,
}: {
  readonly decisive: number | undefined
  readonly acts: Acts | undefined
}): readonly Column<Numbered>[] {
  const t = useWords(text)
  const who = useWho()
  return [
    {
      id: 'number',
      head: t.number,
      width: '2.75rem',
      cell: ({ number }) => (number === decisive ? <Badge tone="accent">{number}</Badge> : number),
      value: ({ number }) => number,
    },
    {
      id: 'effect',
      head: t.effect,
      width: '3.75rem',
      cell: ({ effect }) => <Badge tone={effect === 'allow' ? 'good' : 'bad'}>{t[effect]}</Badge>,
      value: ({ effect }) => effect,
    },
    {
      id: 'action',
      head: t.action,
      from: 'sm',
      width: '4.75rem',
      cell: ({ action }) => t[action],
      value: ({ action }) => action,
    },
    {
      id: 'filters',
      head: t.filters,
      width: 'minmax(6rem, 1fr)',
      cell: ({ filters }) =>
        filters === undefined ? (
          <span className="text-muted">{t.everyTopic}</span>
        ) : (
          <span className="font-mono text-xs" title={filters.join('\n')}>
            {filters.join('  ')}
          </span>
        ),
      value: ({ filters }) => filters?.join(' ') ?? null,
    },
    {
      id: 'who',
      head: t.who,
      from: 'sm',
      width: 'minmax(9rem, 1.2fr)',
      cell: rule => <span title={who(rule)}>{who(rule)}</span>,
      value: who,
    },
    ...(acts
      ? [
          {
            id: 'acts',
            head: '',
            width: '5.5rem',
            cell: ({ number }: Numbered) => (
              <span className="flex">
                <IconButton small label={t.up(number)} disabled={number === 1} onClick={() => acts.move(number, -1)}>
                  <ArrowUp />
                </IconButton>
                <IconButton
                  small
                  label={t.down(number)}
                  disabled={number === acts.last}
                  onClick={() => acts.move(number, 1)}
                >
                  <ArrowDown />
                </IconButton>
                <IconButton small label={t.remove(number)} onClick={() => acts.remove(number)}>
                  <Trash2 />
                </IconButton>
              </span>
            ),
          },
        ]
      : []),
  ]
}

/** The rules with one of them a place higher or lower. */
export function moved(rules: readonly Rule[], { number, by }: { number: number; by: -1 | 1 }): readonly Rule[] {
  const next = [...rules]
  const [rule] = next.splice(number - 1, 1)
  if (rule) next.splice(number - 1 + by, 0, rule)
  return next
}
