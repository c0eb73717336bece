import { useSyncExternalStore } from 'react'

export const schemes = ['system', 'light', 'dark'] as const
export type SchemeChoice = (typeof schemes)[number]

const storageKey = 'robustmq.theme'
const system = matchMedia('(prefers-color-scheme: dark)')
const watchers = new Set<() => void>()
let choice = schemes.find(one => one === localStorage.getItem(storageKey)) ?? 'system'

function apply(): void {
  document.documentElement.style.colorScheme = choice === 'system' ? 'light dark' : choice
}

export function setScheme(next: SchemeChoice): void {
  localStorage.setItem(storageKey, next)
  choice = next
  apply()
  for (const watcher of watchers) watcher()
}

apply()

function watch(watcher: () => void): () => void {
  watchers.add(watcher)
  system.addEventListener('change', watcher)
  return () => {
    watchers.delete(watcher)
    system.removeEventListener('change', watcher)
  }
}

export function useSchemeChoice(): SchemeChoice {
  return useSyncExternalStore(watch, () => choice)
}

/** What is shown. */
export function useScheme(): 'light' | 'dark' {
  return useSyncExternalStore(watch, () =>
    choice === 'dark' || (choice === 'system' && system.matches) ? 'dark' : 'light',
  )
}
