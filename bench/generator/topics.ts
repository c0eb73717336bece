import type { ExchangeLoad } from '../load.ts'

/** How many subscribers get each message. */
export function receiversOf({ shape, subscribers }: ExchangeLoad): number {
  return shape === 'fan-out' || shape === 'fan-in' ? subscribers : 1
}

export function filtersOf(load: ExchangeLoad, subscriber: number): string[] {
  switch (load.shape) {
    case 'pairs':
      return [`b/p2p/${subscriber}`]
    case 'fan-in':
      return ['b/fi/+']
    case 'shared':
      return ['$share/g/b/fi/+']
    case 'fan-out':
      return ['b/fo']
    case 'filters': {
      const filters: string[] = []
      for (let at = subscriber; at < (load.filters ?? 0); at += load.subscribers) filters.push(filter(at))
      return filters
    }
  }
}

/** The topic of a publisher's message. */
export function topicOf(load: ExchangeLoad, publisher: number): (sequence: number) => string {
  if (load.shape === 'filters') return filteredTopics(load, publisher)
  const topic = { pairs: `b/p2p/${publisher}`, 'fan-in': '', shared: '', 'fan-out': 'b/fo' }[load.shape]
  const chosen = topic === '' ? `b/fi/${publisher}` : topic
  return () => chosen
}

/** Half of the filters match, through `+` at the third level; the others, with `+` at the second, never do. */
function filter(index: number): string {
  const pair = index >> 1
  const first = pair % 1000
  const last = Math.floor(pair / 1000)
  return index % 2 === 1 ? `b/+/${first}/miss${last}` : `b/${first}/+/${last}`
}

/** Each topic matches exactly one filter: the pair chosen by `pick`, and any third level. */
function filteredTopics({ filters = 0, topics }: ExchangeLoad, publisher: number): () => string {
  const pairs = Math.ceil(filters / 2)
  const random = randomOf(publisher + 1)
  return () => {
    const pick = random()
    const pair = topics === undefined ? pick % pairs : ((pick % topics) * 40_503) % pairs
    const third = topics === undefined ? random() % 1000 : (pick % topics) % 1000
    return `b/${pair % 1000}/${third}/${Math.floor(pair / 1000)}`
  }
}

/** xorshift32: the same topics in every run. */
function randomOf(seed: number): () => number {
  let state = (seed * 2_654_435_761) >>> 0 || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>>= 0)
  }
}
