import type { Row } from '../../api/client.ts'
import { usePages } from '../../api/queries.ts'
import { useWords } from '../../language/language.ts'
import { type Branch, Tree } from '../../table/tree.tsx'
import { Button } from '../../ui/button.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { Loading } from '../../ui/page.tsx'
import { Searching } from '../../ui/searching.tsx'
import type { TopicTree } from './topic-tree.ts'
import { text } from './words.ts'

/** Whole topics that a search finds. */
export function FoundTopics({
  tree,
  search,
  chosen,
  onChoose,
}: {
  readonly tree: TopicTree
  readonly search: string
  readonly chosen: string
  readonly onChoose: (topic: string) => void
}) {
  const t = useWords(text)
  const pages = usePages('GET /topics', { query: { all: 'true', search } })
  const found = pages.data?.pages.flatMap(page => page.data) ?? []
  const searching = pages.isPending || pages.isPlaceholderData || pages.isFetchingNextPage
  const branchOf = ({ topic, retained }: Row<'GET /topics'>): Branch => {
    const message = tree.find(topic)?.last ?? retained
    return {
      id: topic,
      depth: 0,
      open: undefined,
      content: (
        <>
          <span className="max-w-[70%] shrink-0 truncate font-mono text-[0.8125rem]">{topic}</span>
          <span className="min-w-0 flex-1 truncate font-mono text-xs text-muted">
            {message?.encoding === 'text' && message.payload.slice(0, 80)}
          </span>
        </>
      ),
    }
  }
  return (
    <>
      {found.length > 0 ? (
        <Tree label={t.tree} branches={found.map(branchOf)} chosen={chosen} onChoose={onChoose} onToggle={() => {}} />
      ) : searching ? (
        <Loading />
      ) : (
        <EmptyState title={t.noneFits} />
      )}
      <div className="border-t p-2 text-center text-muted empty:hidden" role="status">
        {searching ? (
          <Searching />
        ) : (
          pages.hasNextPage && (
            <Button small onClick={() => void pages.fetchNextPage()}>
              {t.moreFound}
            </Button>
          )
        )}
      </div>
    </>
  )
}
