import { useEffect } from 'react'
import { useLinkState } from '../api/live.ts'
import { queries } from '../api/queries.ts'
import { useWords, words } from '../language/language.ts'
import { CircleAlert } from '../ui/icons.ts'

const text = words({
  en: {
    lost: 'The server does not answer.',
    returns: 'This page comes back by itself as soon as it does.',
    lostBanner: 'Connection to the server lost. What you see may be old; this page comes back by itself.',
  },
  zh: {
    lost: '服务器没有响应。',
    returns: '服务器恢复后，本页面会自动恢复。',
    lostBanner: '与服务器的连接已断开。所见内容可能已过时；连接会自动恢复。',
  },
})

const againMs = 2_000

/** Before anything could be loaded. */
export function Unreached() {
  const { lost, returns } = useWords(text)
  useEffect(() => {
    const timer = setInterval(() => void queries.invalidateQueries(), againMs)
    return () => clearInterval(timer)
  }, [])
  return (
    <main className="grid min-h-dvh place-items-center p-6 text-center">
      <div role="alert">
        <h1 className="text-lg font-semibold">{lost}</h1>
        <p className="mt-1 text-muted">{returns}</p>
      </div>
    </main>
  )
}

/** Over everything, while the stream of events is broken. */
export function LostBanner() {
  const { lostBanner } = useWords(text)
  const lost = useLinkState() === 'lost'
  return (
    <div role="status" aria-live="assertive">
      {lost && (
        <p className="flex items-center justify-center gap-2 border-b border-warn/40 bg-warn-soft px-4 py-1.5 text-center text-warn">
          <CircleAlert aria-hidden="true" className="size-4 shrink-0" />
          {lostBanner}
        </p>
      )}
    </div>
  )
}
