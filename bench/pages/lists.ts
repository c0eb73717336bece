import { setTimeout } from 'node:timers/promises'
import type { CrowdSize } from './crowd.ts'
import { Echo } from './echo.ts'

interface List {
  readonly path: string
  /** Asks for the page behind the first, too. */
  readonly next?: true
}

/** Those that look at much, and searches that find nothing among all. */
const ofClients: readonly List[] = [
  { path: '/clients?', next: true },
  { path: '/clients?search=999' },
  { path: '/clients?search=none' },
  { path: '/clients?user=fleet-7' },
  { path: '/sessions?connected=true', next: true },
  { path: '/sessions?connected=false' },
  { path: '/subscriptions?', next: true },
  { path: '/subscriptions?qos=1' },
  { path: '/subscriptions?search=none' },
  { path: '/subscriptions?clientId=device-00042' },
]
const ofTopics: Readonly<Record<CrowdSize['shape'], readonly List[]>> = {
  tree: [
    { path: '/topics?' },
    { path: '/topics?parent=plant/site-1/line-10', next: true },
    { path: '/topics?parent=plant/site-1/line-10&search=machine-4' },
    { path: '/topics?parent=plant/site-1/line-10&search=none' },
    { path: '/retained?filter=plant/%2B/line-10/%23', next: true },
    { path: '/retained?filter=plant/%2B/%2B/%2B/none' },
  ],
  flat: [
    { path: '/topics?' },
    { path: '/topics?parent=device', next: true },
    { path: '/topics?parent=device&search=99999' },
    { path: '/topics?parent=device&search=none' },
    { path: '/retained?filter=device/%2B/state', next: true },
    { path: '/retained?filter=device/%2B/none' },
  ],
}
const ofAll: readonly List[] = [
  { path: '/topics?all=true', next: true },
  { path: '/topics?all=true&search=none' },
  { path: '/retained?', next: true },
  { path: '/retained?filter=%2B/%2B/none/%23' },
]

interface Answer {
  readonly data: readonly unknown[]
  readonly meta: { readonly next: string | null; readonly count: number | null }
}

/** `url`: of the HTTP side; `port`: of MQTT. */
export async function measureLists(given: {
  readonly url: string
  readonly port: number
  readonly shape: CrowdSize['shape']
  readonly rounds: number
}): Promise<void> {
  const { url, port, shape, rounds } = given
  const echo = await Echo.start(port)
  await setTimeout(3_000)
  console.log(JSON.stringify({ quiet: echo.figures() }))
  console.log(
    '| page | a request, ms: median | most | requests | all of them, ms: median | a message meanwhile: p50 | p99 | most | rows | count |',
  )
  console.log('|---|---|---|---|---|---|---|---|---|---|')
  for (const { path, next } of [...ofClients, ...ofTopics[shape], ...ofAll]) {
    const first = await timed(path, `${url}/api/v1${path}`, { echo, rounds })
    if (next !== undefined && first !== null)
      await timed(`${path} next page`, `${url}/api/v1${path}&cursor=${first}`, { echo, rounds })
  }
  echo.end()
}

/** Asks again and again and tells how long that took, and a message in the meantime; returns the cursor of the next page. */
async function timed(
  name: string,
  url: string,
  { echo, rounds }: { readonly echo: Echo; readonly rounds: number },
): Promise<string | null> {
  const requests: number[] = []
  const pages: number[] = []
  let answer: Answer | undefined
  for (let round = 0; round < rounds; round++) {
    const began = performance.now()
    let page = await ask(url, requests)
    while (page.data.length === 0 && page.meta.next !== null)
      page = await ask(`${url.replace(/&cursor=.*/, '')}&cursor=${page.meta.next}`, requests)
    pages.push(performance.now() - began)
    answer ??= page
  }
  const { p50, p99, most } = echo.figures()
  const [request, slowest, page] = [median(requests), Math.max(...requests), median(pages)].map(ms => ms.toFixed(1))
  const each = (requests.length / rounds).toFixed(0)
  console.log(
    `| ${name} | ${request} | ${slowest} | ${each} | ${page} | ${p50} | ${p99} | ${most} | ${answer?.data.length} | ${answer?.meta.count} |`,
  )
  return answer?.meta.next ?? null
}

async function ask(url: string, took: number[]): Promise<Answer> {
  const began = performance.now()
  const response = await fetch(url)
  const body = await response.text()
  took.push(performance.now() - began)
  if (!response.ok) throw new Error(`${url}: ${response.status} ${body}`)
  return JSON.parse(body)
}

function median(given: readonly number[]): number {
  return given.toSorted((a, b) => a - b)[Math.floor(given.length / 2)] ?? Number.NaN
}
