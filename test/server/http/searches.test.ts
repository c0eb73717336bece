import { expect, test } from 'vitest'
import { looksPerTurn } from '../../../server/http/in-turns.ts'
import { pageOf } from '../../../server/http/page.ts'
import { keptMs, mostPaused, Searches } from '../../../server/http/searches.ts'
import { ManualClock } from '../../support/clock.ts'
import { Api } from './api.ts'
import { hurriedClock } from './hurried-clock.ts'

/** By this clock each look takes longer than one request may. */
class HurriedClock extends ManualClock {
  override now(): number {
    this.jump(1_000)
    return super.now()
  }
}

const many = Array.from({ length: 3 * looksPerTurn }, (_, i) => String(i).padStart(5, '0'))

function start() {
  const clock = new HurriedClock()
  const searches = new Searches(clock)
  let begun = 0
  const ask = (cursor?: string, asked = 'numbers') =>
    searches.page({
      asked,
      cursor,
      begin: after => {
        begun++
        return pageOf(many, { limit: 2, cursor: after, keyOf: one => one, view: one => one })
      },
    })
  return { clock, ask, begun: () => begun }
}

/** Asks until a page is there, and says how many were empty. */
async function follow(ask: (cursor?: string) => ReturnType<Searches['page']>, cursor?: string) {
  let page = await ask(cursor)
  let empty = 0
  for (; page.data.length === 0 && page.meta.next !== null; empty++) page = await ask(page.meta.next)
  return { ...page, empty }
}

test('what one request cannot look through is gone on with by the next, and the page is the same', async () => {
  const { ask, begun } = start()
  const first = await follow(ask)
  expect([first.data, first.meta.count, first.empty, begun()]).toEqual([['00000', '00001'], many.length, 3, 1])
  const second = await follow(ask, first.meta.next ?? undefined)
  expect([second.data, second.empty, begun()]).toEqual([['00002', '00003'], 3, 2])
})

test('a search goes on for whoever asks the same again, and begins anew for everybody else', async () => {
  const { ask, begun } = start()
  const { next } = (await ask()).meta
  expect((await ask(next ?? undefined, 'another list')).data).toEqual([])
  expect(begun()).toBe(2)
  await ask(next ?? undefined)
  expect(begun()).toBe(2)
  // That cursor has been used; the page it stands for is the same.
  const again = await follow(ask, next ?? undefined)
  expect([again.data, begun()]).toEqual([['00000', '00001'], 3])
})

test('a search that nobody goes on with is given up', async () => {
  const { clock, ask, begun } = start()
  const { next } = (await ask()).meta
  expect(clock.pending).toBe(1)
  await clock.advance(keptMs)
  expect([(await follow(ask, next ?? undefined)).data, begun()]).toEqual([['00000', '00001'], 2])
})

test('where too many searches wait, another goes on to its end', async () => {
  const { ask } = start()
  for (let n = 0; n < mostPaused; n++) expect((await ask()).data).toEqual([])
  expect((await ask()).data).toEqual(['00000', '00001'])
})

test('over HTTP, an empty page has a next until all topics were looked at', async () => {
  const api = await Api.start({ clock: hurriedClock() })
  const topics = many.map(name => `plant/${name}`)
  for (let n = 0; n < topics.length; n += 1_000) {
    const messages = topics.slice(n, n + 1_000).map(topic => ({ topic, payload: '1', retain: true }))
    await api.call('POST', '/publish/bulk', { body: { messages } })
  }
  const searched = (search: string) =>
    follow(cursor => api.get(`/topics?all=true&search=${search}${cursor === undefined ? '' : `&cursor=${cursor}`}`))
  const found = await searched('plant/06')
  expect(found.data.length).toBe(100)
  expect(found.empty).toBeGreaterThan(0)
  const none = await searched('nothing')
  expect([none.data, none.meta]).toEqual([[], { next: null, count: 0 }])
  expect(none.empty).toBeGreaterThan(0)
})
