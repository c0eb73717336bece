import { z } from 'zod'
import type { Message } from '../../../kernel/plugin.ts'
import { defaultTenant } from '../../../kernel/tenant.ts'
import type { House } from '../house.ts'
import { withBreaths } from '../in-turns.ts'
import { narrowedPageOf, type PageInTheMaking, pageQuery } from '../page.ts'
import { list, type Route } from '../route.ts'
import { messagePreview, showPreview } from './message-view.ts'

const topicNode = z.strictObject({
  topic: z.string().describe('The topic of this level; empty levels count.'),
  name: z.string().describe('Its last level.'),
  children: z.boolean().describe('There are topics below it.'),
  retained: messagePreview.nullable(),
})

const query = z.strictObject({
  ...pageQuery,
  tenant: z.string().default(defaultTenant),
  parent: z.string().optional().describe('Only what is one level below. Default: the first level.'),
  search: z.string().optional().describe('Part of the level’s name.'),
  system: z
    .enum(['true', 'false'])
    .default('false')
    .describe('true: also what begins with `$`, where whole topics are listed.'),
  all: z.enum(['true', 'false']).default('false').describe('true: whole topics at any depth, without a tree.'),
})

interface Node {
  readonly topic: string
  readonly name: string
  children: boolean
  message: Message | undefined
}

/** Topics with a retained message, and those something was published to lately. */
export const topicRoutes: readonly Route[] = [
  list({
    path: '/topics',
    group: 'topics',
    summary: 'List topics, one level of the tree or whole',
    needs: 'viewer',
    query,
    answer: topicNode,
    handle: ({ house, query: asked }) =>
      narrowedPageOf((page: TopicPage) => (asked.all === 'true' ? wholeTopics : levelOf)(house, asked, page), {
        limit: asked.limit,
        cursor: asked.cursor,
        keyOf: ({ topic }) => topic,
        merge: (held, again) => {
          held.children ||= again.children
          held.message ??= again.message
        },
        view: ({ message, ...node }) => ({ ...node, retained: message ? showPreview(message) : null }),
      }),
  }),
]

type Asked = z.output<typeof query>

type TopicPage = PageInTheMaking<Node>

function* wholeTopics({ kernel }: House, asked: Asked, { wants, offer }: TopicPage): Iterable<void> {
  const { operations } = kernel
  const { tenant, search, system } = asked
  const take = (topic: string, message: Message | undefined) => {
    if (search !== undefined && !topic.includes(search)) return
    offer({ topic, name: topic.slice(topic.lastIndexOf('/') + 1), children: false, message })
  }
  const found = (message: Message) => take(message.topic, message)
  for (const filter of system === 'true' ? ['#', '$SYS/#'] : ['#'])
    yield* operations.surveyRetained(tenant, filter, { wants, found })
  yield* withBreaths(operations.recentTopics(tenant), topic => {
    if ((system === 'true' || !topic.startsWith('$')) && wants('', topic)) take(topic, undefined)
  })
}

function* levelOf({ kernel }: House, asked: Asked, { wants, offer }: TopicPage): Iterable<void> {
  const { operations } = kernel
  const { tenant, parent, search } = asked
  const prefix = parent === undefined ? '' : `${parent}/`
  const fits = (name: string) => wants(prefix, name) && (search === undefined || name.includes(search))
  yield* operations.surveyLevel(tenant, parent, {
    wants: fits,
    found: ({ name, message, below }) => offer({ topic: prefix + name, name, children: below, message }),
  })
  yield* withBreaths(operations.recentTopics(tenant), recent => {
    if (!recent.startsWith(prefix)) return
    const slash = recent.indexOf('/', prefix.length)
    const name = recent.slice(prefix.length, slash < 0 ? undefined : slash)
    if (fits(name)) offer({ topic: prefix + name, name, children: slash >= 0, message: undefined })
  })
}
