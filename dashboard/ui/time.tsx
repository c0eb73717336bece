import { useEffect, useState } from 'react'
import { useFormat } from '../language/format.ts'

const everyMs = 10_000

/** How long ago, with the exact time as a tip. */
export function Ago({ at }: { at: string }) {
  const format = useFormat()
  const [, again] = useState(0)
  useEffect(() => {
    const timer = setInterval(() => again(n => n + 1), everyMs)
    return () => clearInterval(timer)
  }, [])
  return (
    <time dateTime={at} title={new Date(at).toLocaleString()}>
      {format.ago(at)}
    </time>
  )
}

export function At({ at }: { at: string }) {
  return <time dateTime={at}>{useFormat().time(at)}</time>
}
