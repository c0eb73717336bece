import { type Format, useFormat } from '../../language/format.ts'
import { Facts } from '../../ui/card.tsx'

type State = Readonly<Record<string, unknown>>

/** What a plugin says of itself: names and values, and what is alike below each other as a table. */
export function StateView({ state }: { state: State }) {
  const format = useFormat()
  const plain = Object.entries(state).filter(([, value]) => !isState(value))
  const nested = Object.entries(state).filter((entry): entry is [string, State] => isState(entry[1]))
  return (
    <>
      {plain.length > 0 && <Facts facts={plain.map(([name, value]) => [name, wordOf(name, value, format)])} />}
      {nested.map(([name, value]) => (
        <section key={name} aria-label={name} className="border-t first:border-t-0">
          <h3 className="px-4 pt-2.5 text-xs font-semibold text-muted">{name}</h3>
          {isAlike(value) ? <StateTable rows={value} label={name} /> : <StateView state={value} />}
        </section>
      ))}
    </>
  )
}

function StateTable({ rows, label }: { rows: Readonly<Record<string, State>>; label: string }) {
  const format = useFormat()
  const heads = [...new Set(Object.values(rows).flatMap(row => Object.keys(row)))]
  return (
    // It scrolls where it is narrow; keys scroll what has the focus.
    <div className="overflow-x-auto px-4 pb-2" tabIndex={0} role="group" aria-label={label}>
      <table className="numbers w-full text-left">
        <thead className="text-xs text-muted">
          <tr>
            <th scope="col" className="py-1.5 pr-4 font-medium">
              <span className="sr-only">{label}</span>
            </th>
            {heads.map(head => (
              <th key={head} scope="col" className="py-1.5 pl-4 text-right font-medium">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {Object.entries(rows).map(([name, row]) => (
            <tr key={name} className="border-t">
              <th scope="row" className="py-1.5 pr-4 font-normal">
                {name}
              </th>
              {heads.map(head => (
                <td key={head} className="py-1.5 pl-4 text-right">
                  {head in row ? wordOf(head, row[head], format) : ''}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function isState(value: unknown): value is State {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Each is a section, and all of plain values. */
function isAlike(state: State): state is Readonly<Record<string, State>> {
  const inner = Object.values(state)
  return inner.length > 0 && inner.every(row => isState(row) && !Object.values(row).some(isState))
}

function wordOf(name: string, value: unknown, format: Format): string {
  if (typeof value === 'number') return /bytes$/i.test(name) ? format.bytes(value) : format.count(value)
  return typeof value === 'string' ? value : JSON.stringify(value)
}
