import type { Row } from '../api-client.ts'
import { cell } from './cell.ts'
import type { Columns } from './printer.ts'

const gap = 2
const leastWidth = 8

/** Aligned columns, the widest cut where the terminal is too narrow. */
export function table(
  rows: readonly Row[],
  { of }: Columns,
  { width, colour }: { width: number; colour: boolean },
): string {
  const heads = Object.keys(of)
  const cells = rows.map(row => Object.values(of).map(read => cell(read(row))))
  const widths = fitted(
    heads.map((head, i) => Math.max(widthOf(head), ...cells.map(line => widthOf(line[i] ?? '')))),
    width,
  )
  const line = (texts: readonly string[]) =>
    texts
      .map((text, i) => padded(text, widths[i] ?? 0))
      .join(' '.repeat(gap))
      .trimEnd()
  const head = line(heads.map(name => name.toUpperCase()))
  const shown = colour && head !== '' ? `\u001b[1m${head}\u001b[0m` : head
  return [...(head === '' ? [] : [shown]), ...cells.map(line)].join('\n')
}

/** Takes from the widest until all fit. */
function fitted(widths: readonly number[], most: number): readonly number[] {
  const fit = [...widths]
  const total = () => fit.reduce((sum, one) => sum + one, 0) + gap * (fit.length - 1)
  while (total() > most) {
    const widest = Math.max(...fit)
    if (widest <= leastWidth) break
    fit[fit.indexOf(widest)] = Math.max(leastWidth, widest - (total() - most))
  }
  return fit
}

function padded(text: string, width: number): string {
  const room = width - widthOf(text)
  if (room >= 0) return text + ' '.repeat(room)
  let cut = ''
  for (const character of text) {
    if (widthOf(cut + character) >= width) break
    cut += character
  }
  return `${cut}…`.padEnd(width)
}

/** Columns that a text takes: East Asian wide characters take two. */
function widthOf(text: string): number {
  let width = 0
  for (const character of text)
    width +=
      /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u.test(
        character,
      )
        ? 2
        : 1
  return width
}
