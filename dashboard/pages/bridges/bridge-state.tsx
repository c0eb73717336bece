import type { Row } from '../../api/client.ts'
import { useWords } from '../../language/language.ts'
import { Dot, type Tone } from '../../ui/badge.tsx'
import { text } from './words.ts'

export type Bridge = Row<'GET /bridges'>

const tones: Readonly<Record<Bridge['state'], Tone>> = {
  starting: 'accent',
  running: 'good',
  degraded: 'warn',
  paused: 'calm',
  failed: 'bad',
}

export function BridgeState({ bridge: { state } }: { bridge: Bridge }) {
  const { states } = useWords(text)
  return <Dot tone={tones[state]}>{states[state]}</Dot>
}

export function formPath(name?: string): string {
  return name === undefined ? '/bridge-form' : `/bridge-form?${new URLSearchParams({ name })}`
}

export function bridgePath(name: string): string {
  return `/bridge?${new URLSearchParams({ name })}`
}
