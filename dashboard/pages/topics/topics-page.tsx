import { useFilters } from '../../app/navigation.ts'
import { useFormat } from '../../language/format.ts'
import { useWords } from '../../language/language.ts'
import { type Branch, Tree } from '../../table/tree.tsx'
import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { Card } from '../../ui/card.tsx'
import { cx } from '../../ui/class-names.ts'
import { EmptyState } from '../../ui/empty-state.tsx'
import { Loading, Page } from '../../ui/page.tsx'
import { SearchField } from '../../ui/search-field.tsx'
import { FoundTopics } from './found-topics.tsx'
import { TopicDetail } from './topic-detail.tsx'
import type { TopicNode, TopicTree } from './topic-tree.ts'
import { useTopicTree } from './use-topic-tree.ts'
import { text } from './words.ts'

export default function TopicsPage() {
  const t = useWords(text)
  const [{ topic, search }, set] = useFilters(['topic', 'search'])
  const { tree, known, toggle, more } = useTopicTree(topic)
  const choose = (next: string) => set({ topic: next })
  const tail = unfinished(tree)
  return (
    <Page title={t.title}>
      <div className="grid items-start gap-4 lg:grid-cols-[minmax(20rem,2fr)_3fr]">
        <Card className={cx('min-w-0', topic !== '' && 'max-lg:hidden')}>
          <div className="border-b px-3 py-2">
            <SearchField label={t.search} value={search} onChange={next => set({ search: next })} />
          </div>
          {search !== '' ? (
            <FoundTopics tree={tree} search={search} chosen={topic} onChoose={choose} />
          ) : !known ? (
            <Loading />
          ) : tree.root.children.size === 0 ? (
            <EmptyState
              title={t.none}
              hint={t.hint}
              command={`mosquitto_pub -h ${location.hostname} -t greetings/world -m hello -r`}
            />
          ) : (
            <>
              <Tree
                label={t.tree}
                branches={tree.visible().map(one => branchOf(one))}
                chosen={topic}
                onChoose={choose}
                onToggle={id => {
                  const found = tree.find(id)
                  if (found) toggle(found)
                }}
              />
              {tail && (
                <div className="border-t p-2 text-center">
                  <Button small onClick={() => more(tail)}>
                    {t.more}
                    {tail.topic !== '' && <span className="font-mono">{tail.topic}</span>}
                  </Button>
                </div>
              )}
            </>
          )}
        </Card>
        {topic === '' ? (
          <Card className="max-lg:hidden">
            <EmptyState title={t.choose} hint={t.chooseHint} />
          </Card>
        ) : (
          <TopicDetail key={topic} topic={topic} node={tree.find(topic)} onBack={() => set({ topic: '' })} />
        )}
      </div>
    </Page>
  )
}

/** The first open level of which only a part is known. */
function unfinished(tree: TopicTree): TopicNode | undefined {
  return [tree.root, ...tree.visible().filter(({ open }) => open)].find(({ next }) => typeof next === 'string')
}

function branchOf(node: TopicNode): Branch {
  return { id: node.topic, depth: node.depth, open: node.below ? node.open : undefined, content: <Label node={node} /> }
}

function Label({ node }: { node: TopicNode }) {
  const t = useWords(text)
  const { short } = useFormat()
  const { name, rate, last, retained } = node
  const shown = last ?? retained
  return (
    <>
      <span className="max-w-[60%] shrink-0 truncate font-mono text-[0.8125rem]">{name === '' ? '∅' : name}</span>
      <span className="min-w-0 flex-1 truncate font-mono text-xs text-muted">
        {shown?.encoding === 'text' && shown.payload.slice(0, 80)}
      </span>
      {rate > 0 ? (
        <span className="numbers shrink-0 text-xs font-medium text-accent">{t.perSecond(short(rate))}</span>
      ) : (
        retained && <Badge>{t.retained}</Badge>
      )}
    </>
  )
}
