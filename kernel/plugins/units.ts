/** Durations and sizes as people write them. */

export const durationUnits = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000, ms: 1 } as const
export const byteUnits = { TB: 1024 ** 4, GB: 1024 ** 3, MB: 1024 ** 2, KB: 1024, B: 1 } as const

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

/** '200ms..30s', the first not above the second. Undefined when it is none of these. */
export function parseDurationRange(value: string): { from: number; to: number } | undefined {
  const [first = '', second = '', ...more] = value.split('..')
  const from = parseDuration(first)
  const to = parseDuration(second)
  if (from === undefined || to === undefined || more.length > 0 || from > to) return undefined
  return { from, to }
}

/** '64KB', '1.5GB', '100 MiB', or a number of bytes; one KB is 1,024 bytes. Undefined when it is none of these. */
export function parseBytes(value: string | number): number | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0 ? value : undefined
  const parts = /^(\d{1,16}(?:\.\d{1,9})?) ?([KMGT]?)(?:i?B)?$/i.exec(value.trim())
  if (parts === null) return undefined
  const bytes = Number(parts[1]) * byteUnits[`${parts[2]?.toUpperCase() ?? ''}B` as keyof typeof byteUnits]
  return Number.isSafeInteger(bytes) ? bytes : undefined
}
