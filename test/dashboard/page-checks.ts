import { mkdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import axe from 'axe-core'
import type { Page } from 'playwright-core'
import { expect, onTestFinished, test } from 'vitest'
import { stand } from './stand.ts'

const root = path.join(import.meta.dirname, '../..')
const built = path.join(root, 'dist/dashboard')
const images = path.join(root, 'docs/images')
const wide = { width: 1280, height: 860 }
const narrow = { width: 390, height: 844 }
const firstLoadBytes = 175_000
const lazyBytes = 60_000

/** A page of the browser that fails its test for an error on the console, or a request to anywhere else. */
export async function openPage(
  pagePath: string,
  {
    url = stand.server.url,
    allowed = [],
    fresh = url !== stand.server.url,
  }: { url?: string; allowed?: readonly RegExp[]; fresh?: boolean } = {},
): Promise<Page> {
  const context = fresh ? await stand.freshContext({ baseURL: url }) : stand.context
  const page = await context.newPage()
  await page.setViewportSize(wide)
  const faults: string[] = []
  page.on('pageerror', error => faults.push(error.message))
  page.on('console', message => {
    if (message.type() === 'error' && !allowed.some(one => one.test(message.text()))) faults.push(message.text())
  })
  page.on('request', request => {
    const { protocol, origin } = new URL(request.url())
    if (/^https?:$/.test(protocol) && origin !== new URL(url).origin) faults.push(`it asked ${request.url()}`)
  })
  onTestFinished(async () => {
    await (fresh ? context : page).close()
    expect(faults).toEqual([])
  })
  await page.goto(pagePath)
  return page
}

export interface PageCheck {
  /** Of its screenshot: docs/images/dashboard-<name>.png. */
  readonly name: string
  readonly path: string
  /** Default: `openPage`. */
  open?(path: string): Promise<Page>
  /** Waits until the page shows what it is for. */
  ready(page: Page): Promise<unknown>
}

/** What every page promises: it loads, is small, tells readers everything in both themes, and is cut nowhere. */
export function checkPage({ name, path: pagePath, open = openPage, ready }: PageCheck): void {
  test(`${name}: loads with less than its share, has no violation for axe in either theme, and fits 390 pixels`, async () => {
    const page = await open(pagePath)
    await ready(page)
    const assets = await assetsOf(page)
    const entry = entryAssets()
    expect(sizeOf(entry)).toBeLessThanOrEqual(firstLoadBytes)
    if (pagePath === '/') expect(sizeOf(assets)).toBeLessThanOrEqual(firstLoadBytes)
    expect(sizeOf(assets.filter(asset => !entry.includes(asset)))).toBeLessThanOrEqual(lazyBytes)
    await checkLook(page, name)
  })
}

/** No violation for axe in either theme; where it is narrow, none and nothing cut. */
export async function checkLook(page: Page, name: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    expect(await violations(page), `${name}, ${colorScheme}`).toEqual([])
  }
  await page.emulateMedia({ colorScheme: 'light' })
  if (process.env.UPDATE === '1') {
    mkdirSync(images, { recursive: true })
    await page.screenshot({ path: path.join(images, `dashboard-${name}.png`) })
  }
  await page.setViewportSize(narrow)
  // Charts are drawn anew when they have been told of their new width.
  await expect
    .poll(() => page.evaluate<number>('document.documentElement.scrollWidth'))
    .toBeLessThanOrEqual(narrow.width)
  expect(await violations(page), `${name}, narrow`).toEqual([])
  expect(await page.evaluate<string[]>(`(${cutIn})()`), `${name}, narrow`).toEqual([])
}

/** Runs in the page: tables that are wider than their place, and what of them ends in dots. */
const cutIn = `() => {
  const cut = ({ scrollWidth, clientWidth }) => scrollWidth > clientWidth + 1
  return [...document.querySelectorAll('[role=grid], [role=treegrid], [role=tree], table')].flatMap(table => {
    const name = table.getAttribute('aria-label') ?? 'a table'
    const wide = [table, table.parentElement].some(cut) ? [name + ' is wider than its place'] : []
    const parts = [...table.querySelectorAll('[role=columnheader], [role=gridcell], th, td, [role=gridcell] *')].filter(cut)
    return [...wide, ...parts.map(part => name + ': ' + part.textContent.trim() + ' is cut')]
  })
}`

/** What axe complains about, in lines, once the page stands: its parts are loaded after the frame around them. */
export async function violations(page: Page): Promise<readonly string[]> {
  await page.locator('h1').first().waitFor()
  await page.evaluate(axe.source)
  const found = await page.evaluate<axe.Result[]>(
    `axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations)`,
  )
  return found.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 160)} ${failureSummary?.replace(/\s+/g, ' ')}`),
  )
}

/** Files of the build that the page has loaded. */
function assetsOf(page: Page): Promise<string[]> {
  return page.evaluate<string[]>(
    `performance.getEntriesByType('resource').map(({ name }) => new URL(name).pathname).filter(name => name.startsWith('/assets/'))`,
  )
}

/** Those that every page needs, and its HTML. */
function entryAssets(): string[] {
  const html = readFileSync(path.join(built, 'index.html'), 'utf8')
  return ['/index.html', ...[...html.matchAll(/"(\/assets\/[^"]+)"/g)].map(([, name]) => name ?? '')]
}

function sizeOf(assets: readonly string[]): number {
  return [...new Set(assets)].reduce((sum, name) => sum + statSync(path.join(built, `${name}.gz`)).size, 0)
}
