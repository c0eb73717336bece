/** What one round measured, by name. */
export interface Figures {
  readonly [name: string]: number | Figures
}

/** Each figure's median over the rounds. */
export function mediansOf(rounds: readonly Figures[]): Figures {
  const [first = {}] = rounds
  return Object.fromEntries(
    Object.entries(first).map(([name, figure]) => {
      const all = rounds.map(round => round[name])
      return [name, typeof figure === 'number' ? median(all as number[]) : mediansOf(all as Figures[])]
    }),
  )
}

export function rounded(value: number): number {
  return Number(value.toFixed(2))
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}
