import { useCallback, useEffect, useReducer, useState } from 'react'
import { useFrames } from '../../api/live.ts'
import { pageOf } from '../../api/queries.ts'
import { useMay } from '../../api/session.ts'
import { toastFailure } from '../../ui/toast.tsx'
import { type TopicNode, TopicTree } from './topic-tree.ts'

const levelSize = 500
const refreshMs = 5_000

/** The tree of topics, kept up to date while it is shown. */
export function useTopicTree(chosen: string): {
  readonly tree: TopicTree
  /** False until the first level is known. */
  readonly known: boolean
  toggle(node: TopicNode): void
  more(node: TopicNode): void
} {
  const [tree] = useState(() => new TopicTree())
  const [, redraw] = useReducer((n: number) => n + 1, 0)
  // Payloads are more than numbers: who may only look sees what the lists tell.
  const mayWatch = useMay('operator')
  useFrames(mayWatch ? 'topics' : undefined, frame => tree.take(frame), ['#'])
  useFrames('metrics', () => {
    tree.settle()
    redraw()
  })
  const load = useCallback(
    async (node: TopicNode, cursor?: string) => {
      const query = node === tree.root ? {} : { parent: node.topic }
      const { data, meta } = await pageOf('GET /topics', { query }, { cursor, limit: levelSize })
      tree.addLevel(node, data, meta.next)
      redraw()
    },
    [tree],
  )
  useEffect(() => {
    const again = () => void load(tree.root).catch(() => {})
    load(tree.root).catch(toastFailure)
    const timer = setInterval(again, refreshMs)
    return () => clearInterval(timer)
  }, [tree, load])
  // A topic that is chosen by the address is shown where it stands.
  useEffect(() => {
    const reveal = async () => {
      await load(tree.root)
      for (const level of levelsAbove(chosen)) {
        const node = tree.find(level)
        if (!node) return
        if (node.open) continue
        node.open = true
        await load(node)
      }
    }
    if (chosen !== '') reveal().catch(() => {})
  }, [tree, load, chosen])
  return {
    tree,
    known: tree.root.next !== undefined,
    toggle: node => {
      node.open = !node.open
      if (node.open) load(node).catch(toastFailure)
      redraw()
    },
    more: node => void load(node, node.next ?? undefined).catch(toastFailure),
  }
}

/** `a/b/c` is below `a` and `a/b`. */
function levelsAbove(topic: string): readonly string[] {
  const names = topic.split('/')
  return names.slice(1).map((_, at) => names.slice(0, at + 1).join('/'))
}
