import { useEffect, useState } from 'react'
import { useWords, words } from '../language/language.ts'

const text = words({ en: { searching: 'Still searching…' }, zh: { searching: '仍在搜索…' } })
/** What is found sooner needs no words. */
const patienceMs = 300

/** Says that what is shown is not yet what was asked for, once that has lasted. */
export function Searching() {
  const { searching } = useWords(text)
  const [lasts, setLasts] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => setLasts(true), patienceMs)
    return () => clearTimeout(timer)
  }, [])
  return lasts ? searching : null
}
