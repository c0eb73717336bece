import type { ReactNode } from 'react'
import { useFormat } from '../../language/format.ts'
import { useWords } from '../../language/language.ts'
import { Dot } from '../../ui/badge.tsx'
import { Card } from '../../ui/card.tsx'
import type { Overview } from './cards.tsx'
import { text } from './words.ts'

/** The nodes, one a line: what runs where. */
export function NodeStrip({ overview: { node, storage, listeners, alarms } }: { overview: Overview }) {
  const t = useWords(text)
  const format = useFormat()
  const { processBytes, totalBytes } = node.memory
  return (
    <Card className="grid grid-cols-2 gap-x-6 gap-y-3 px-4 py-3 sm:grid-cols-4 xl:grid-cols-7">
      <Fact name={t.node}>
        <Dot tone={alarms > 0 ? 'bad' : 'good'}>{node.name}</Dot>
      </Fact>
      <Fact name={t.version}>
        {node.version} <span className="text-muted">· Node {node.nodejs.slice(1)}</span>
      </Fact>
      <Fact name={t.up}>{format.duration(node.uptimeSeconds)}</Fact>
      <Fact name={t.storage}>{storage}</Fact>
      <Fact name={t.listeners}>{listeners}</Fact>
      <Fact name={t.load}>{node.load.map(one => one.toFixed(2)).join('  ')}</Fact>
      <Fact name={t.memory}>{t.ofTotal(format.bytes(processBytes), format.bytes(totalBytes))}</Fact>
    </Card>
  )
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="min-w-0">
      <div className="text-xs text-muted">{name}</div>
      <div className="numbers truncate">{children}</div>
    </div>
  )
}
