const width = 96
const height = 20

/** The shape of some numbers over time; the number itself stands beside it. */
export function Sparkline({ values }: { values: readonly number[] }) {
  const most = Math.max(1, ...values)
  const step = width / Math.max(1, values.length - 1)
  const points = values.map(
    (value, at) => `${(at * step).toFixed(1)},${(height - 1 - (value / most) * (height - 2)).toFixed(1)}`,
  )
  return (
    <svg viewBox={`0 0 ${width} ${height}`} aria-hidden="true" className="h-5 w-24 shrink-0">
      <polyline points={points.join(' ')} fill="none" strokeWidth="1.5" className="stroke-accent" />
    </svg>
  )
}
