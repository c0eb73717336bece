/** Durations and sizes as people write them. */

const durationUnits = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000, ms: 1 } as const
const byteUnits = { TB: 1024 ** 4, GB: 1024 ** 3, MB: 1024 ** 2, KB: 1024, B: 1 } as const

/** '30s', '1h30m', '250ms', or a number of ms. Undefined when it is none of these. */
export function parseDuration(value: string | number): number | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0 ? value : undefined
  const text = value.trim()
  if (/^\d{1,15}$/.test(text)) return Number(text)
  if (!/^(\d{1,9}(\.\d{1,9})?(ms|[smhd])){1,5}$/.test(text)) return undefined
  let ms = 0
  for (const [, amount, unit] of text.matchAll(/([\d.]+)(ms|[smhd])/g))
    ms += Number(amount) * durationUnits[unit as keyof typeof durationUnits]
  return Number.isSafeInteger(ms) ? ms : undefined
}

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

/** '64KB', '1.5GB', '100 MiB', or a number of bytes; one KB is 1,024 bytes. Undefined when it is none of these. */
export function parseBytes(value: string | number): number | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0 ? value : undefined
  const parts = /^(\d{1,16}(?:\.\d{1,9})?) ?([KMGT]?)(?:i?B)?$/i.exec(value.trim())
  if (parts === null) return undefined
  const bytes = Number(parts[1]) * byteUnits[`${parts[2]?.toUpperCase() ?? ''}B` as keyof typeof byteUnits]
  return Number.isSafeInteger(bytes) ? bytes : undefined
}

/** The largest unit that says it exactly: 65536 is '64KB', 65535 is '65535B'. */
export function formatBytes(bytes: number): string {
  for (const [unit, size] of Object.entries(byteUnits))
    if (bytes >= size && bytes % size === 0) return `${bytes / size}${unit}`
  return '0B'
}
