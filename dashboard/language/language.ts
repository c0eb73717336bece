import { useSyncExternalStore } from 'react'

export const languages = { en: 'English', zh: '中文' } as const
export type Language = keyof typeof languages

/** The words of one part of the dashboard, in each language. A part keeps its own, and loads with them. */
export type Words<Vocabulary> = { readonly [language in Language]: Vocabulary }

/** Both have the same entries, or it does not compile. */
export function words<Vocabulary>(both: { en: Vocabulary; zh: NoInfer<Vocabulary> }): Words<Vocabulary> {
  return both
}

const storageKey = 'robustmq.language'
const watchers = new Set<() => void>()
let current = initial()

function initial(): Language {
  const chosen = localStorage.getItem(storageKey) ?? navigator.language
  return chosen.startsWith('zh') ? 'zh' : 'en'
}

export function setLanguage(language: Language): void {
  localStorage.setItem(storageKey, language)
  current = language
  document.documentElement.lang = localeOf(language)
  for (const watcher of watchers) watcher()
}

document.documentElement.lang = localeOf(current)

/** Of numbers and times. */
export function localeOf(language: Language): string {
  return language === 'zh' ? 'zh-CN' : 'en'
}

export function useLanguage(): Language {
  return useSyncExternalStore(
    watcher => {
      watchers.add(watcher)
      return () => watchers.delete(watcher)
    },
    () => current,
  )
}

export function useWords<Vocabulary>(given: Words<Vocabulary>): Vocabulary {
  return given[useLanguage()]
}
