import type { Page } from 'playwright-core'
import { openBrowser } from '../../test/dashboard/browser.ts'

/** Pixels a frame: a hand on a wheel that does not stop. */
const pixelsPerFrame = 400

interface Scrolled {
  /** Between one frame and the next. */
  readonly frameMs: readonly number[]
  readonly rows: number
  readonly elements: number
  readonly reached: number
}

/** Scrolls through lists as the dashboard shows them, for so many frames each; `url`: of the HTTP side. */
export async function measureScrolling(url: string, frames: number): Promise<void> {
  const browser = await openBrowser()
  try {
    console.log(
      '| scrolling through | rows known | rows in the page | elements | a frame, ms: p50 | p99 | most | its work |',
    )
    console.log('|---|---|---|---|---|---|---|---|')
    for (const list of ['clients', 'subscriptions', 'retained']) {
      const page = await browser.newPage({ viewport: { width: 1280, height: 860 } })
      await page.goto(`${url}/${list}`)
      await page.locator('[data-row="0"]').waitFor()
      const working = await workOf(page)
      const { frameMs, rows, elements, reached } = await scroll(page, frames)
      const workMs = (await working()) / frames
      const sorted = frameMs.toSorted((a, b) => a - b)
      const at = (part: number) => sorted[Math.floor(sorted.length * part)]?.toFixed(1)
      console.log(
        `| ${list} | ${reached} | ${rows} | ${elements} | ${at(0.5)} | ${at(0.99)} | ${sorted.at(-1)?.toFixed(1)} | ${workMs.toFixed(1)} |`,
      )
      await page.close()
    }
  } finally {
    await browser.close()
  }
}

/** More is loaded as the end comes near, as for anybody who scrolls. */
function scroll(page: Page, frames: number): Promise<Scrolled> {
  return page.evaluate<Scrolled>(`new Promise(resolve => {
    const grid = document.querySelector('[role=grid]')
    const frameMs = []
    let rows = 0, elements = 0, last = performance.now()
    const step = now => {
      frameMs.push(now - last)
      last = now
      rows = Math.max(rows, grid.querySelectorAll('[data-row]').length)
      elements = Math.max(elements, document.getElementsByTagName('*').length)
      grid.scrollTop += ${pixelsPerFrame}
      if (frameMs.length < ${frames}) return requestAnimationFrame(step)
      const reached = Math.max(...[...grid.querySelectorAll('[data-row]')].map(row => Number(row.dataset.row)))
      resolve({ frameMs: frameMs.slice(1), rows, elements, reached })
    }
    requestAnimationFrame(step)
  })`)
}

/** Tells how long the page's own thread has worked since; ms. */
async function workOf(page: Page): Promise<() => Promise<number>> {
  const session = await page.context().newCDPSession(page)
  await session.send('Performance.enable')
  const read = async () => {
    const { metrics } = await session.send('Performance.getMetrics')
    return (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN) * 1_000
  }
  const before = await read()
  return async () => (await read()) - before
}
