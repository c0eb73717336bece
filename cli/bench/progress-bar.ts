import type { Progress } from './plan.ts'

const cells = 24

/** A line that is written again and again, where somebody sees it; elsewhere nothing. */
export function progressBar(stream: NodeJS.WriteStream): { show: Progress; clear(): void } {
  if (!stream.isTTY) return { show: () => {}, clear: () => {} }
  return {
    show: (share, text) => {
      const full = Math.round(Math.min(Math.max(share, 0), 1) * cells)
      stream.write(`\r\u001b[2K[${'#'.repeat(full)}${' '.repeat(cells - full)}] ${text}`)
    },
    clear: () => stream.write('\r\u001b[2K'),
  }
}
