import { byteUnits, durationUnits } from '../../kernel/plugins/units.ts'

export { parseBytes, parseDuration, parseDurationRange } from '../../kernel/plugins/units.ts'

/** The shortest exact form: 5400000 is '1h30m'. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0s'
  let rest = ms
  let text = ''
  for (const [unit, size] of Object.entries(durationUnits)) {
    const amount = Math.floor(rest / size)
    if (amount > 0) text += `${amount}${unit}`
    rest -= amount * size
  }
  return text
}

/** The largest unit that says it exactly: 65536 is '64KB', 65535 is '65535B'. */
export function formatBytes(bytes: number): string {
  for (const [unit, size] of Object.entries(byteUnits))
    if (bytes >= size && bytes % size === 0) return `${bytes / size}${unit}`
  return '0B'
}
