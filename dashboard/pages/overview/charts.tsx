import { useMemo } from 'react'
import { Chart, type ChartProps } from '../../charts/chart.tsx'
import { useFormat } from '../../language/format.ts'
import { useWords } from '../../language/language.ts'
import { Card } from '../../ui/card.tsx'
import { type Span, useHistory } from './history.ts'
import { text } from './words.ts'

type Picture = Omit<ChartProps, 'times' | 'values'> & { readonly names: readonly string[] }

export function Charts({ span }: { span: Span }) {
  const t = useWords(text)
  const { short, bytes, percent } = useFormat()
  const history = useHistory(span)
  const pictures: readonly Picture[] = [
    {
      label: t.messages,
      names: ['messagesIn', 'messagesOut'],
      lines: [
        { label: t.in, colour: 'accent' },
        { label: t.out, colour: 'blue' },
      ],
      write: short,
    },
    {
      label: t.traffic,
      names: ['bytesIn', 'bytesOut'],
      lines: [
        { label: t.in, colour: 'accent' },
        { label: t.out, colour: 'blue' },
      ],
      write: bytes,
    },
    {
      label: t.clients,
      names: ['connections', 'sessions'],
      lines: [
        { label: t.connected, colour: 'accent' },
        { label: t.sessionsLine, colour: 'violet' },
      ],
      write: short,
    },
    {
      label: t.queuedAndDropped,
      names: ['queued', 'dropped'],
      lines: [
        { label: t.waitingLine, colour: 'blue' },
        { label: t.droppedLine, colour: 'bad' },
      ],
      write: short,
    },
    { label: t.processor, names: ['cpuPercent'], lines: [{ label: 'CPU', colour: 'violet' }], write: percent },
    { label: t.memory, names: ['memoryBytes'], lines: [{ label: 'RSS', colour: 'blue' }], write: bytes },
  ]
  return (
    <div className="grid gap-3 md:grid-cols-2 2xl:grid-cols-3">
      {pictures.map(picture => (
        <Card key={picture.label} className="min-w-0">
          <Drawn {...picture} history={history} />
        </Card>
      ))}
    </div>
  )
}

function Drawn({ names, history, ...rest }: Picture & { readonly history: ReturnType<typeof useHistory> }) {
  const wanted = names.join()
  const values = useMemo(() => wanted.split(',').map(name => history.row(name)), [wanted, history])
  return <Chart {...rest} times={history.times} values={values} />
}
