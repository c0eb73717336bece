import type { Browser } from 'playwright-core'

/** Somebody who has the dashboard open. */
export interface Viewer {
  close(): Promise<void>
}

export type ShownPage = 'overview' | 'topics'

/** What each page asks for again and again, with the ms between, and the stream it reads. */
const asks = {
  overview: { stream: 'channels=metrics,alarms', polls: [['/overview', 2_000]] },
  topics: { stream: 'channels=metrics,topics,alarms&topic=%23', polls: [['/topics?limit=500', 5_000]] },
} as const
/** What it asks for on every page. */
const always = [
  ['/overview', 60_000],
  ['/alarms', 30_000],
] as const

/** Asks what the dashboard asks and reads its stream, without a browser's work: that would be the machine's, not the broker's. */
export function reader(url: string, shown: ShownPage): Viewer {
  const abort = new AbortController()
  const { signal } = abort
  const failed = (error: unknown) => {
    if (!signal.aborted) throw error
  }
  const take = async (path: string) => {
    const response = await fetch(`${url}${path}`, { signal })
    if (!response.ok) throw new Error(`${path}: ${response.status}`)
    for await (const _ of response.body ?? []) if (signal.aborted) return
  }
  const { stream, polls } = asks[shown]
  void take(`/events?${stream}`).catch(failed)
  const timers = [...always, ...polls].map(([path, everyMs]) => {
    const ask = () => void take(`/api/v1${path}`).catch(failed)
    ask()
    return setInterval(ask, everyMs)
  })
  return {
    close: async () => {
      abort.abort()
      for (const timer of timers) clearInterval(timer)
    },
  }
}

/** The dashboard itself. */
export async function visitor(browser: Browser, url: string, shown: ShownPage): Promise<Viewer> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 860 } })
  await page.goto(shown === 'overview' ? url : `${url}/topics`)
  await page.getByRole('heading', { level: 1 }).waitFor()
  return { close: () => page.close() }
}
