import { createHash } from 'node:crypto'
import type { Version } from '../support/wire.ts'

/**
 * How the two clients reach the broker. 'proxied': behind a PROXY header; 'frames': a WebSocket whose frames they write
 * themselves; 'upgrade': bytes on the WebSocket port from the first one on.
 */
export const carriers = ['tcp', 'ws', 'proxied', 'frames', 'upgrade'] as const
export type Carrier = (typeof carriers)[number]

export type Step =
  | { readonly act: 'send'; readonly client: 0 | 1; readonly bytes: Buffer }
  /** Ends its connection, roughly or in order, or begins another. */
  | { readonly act: 'cut' | 'end' | 'open'; readonly client: 0 | 1 }
  /** The broker's time moves on. */
  | { readonly act: 'pass'; readonly ms: number }
  /** The broker does what it was sent so far. */
  | { readonly act: 'beat' }

/** What two clients do, in turn: one line of text each, so that it can be kept, read, shortened and played again. */
export interface Script {
  readonly level: Version
  readonly carrier: Carrier
  readonly storage: 'memory' | 'file'
  /** Deliveries are acknowledged as a client would. */
  readonly answers: boolean
  readonly steps: readonly Step[]
}

export const maxSteps = 64
export const maxStepBytes = 4_096

export function print({ level, carrier, storage, answers, steps }: Script): string {
  const head = `${level} ${carrier} ${storage} ${answers ? 'answers' : 'silent'}`
  return `${[head, ...steps.map(printStep)].join('\n')}\n`
}

function printStep(step: Step): string {
  if (step.act === 'send') return `${step.client} send ${step.bytes.toString('hex')}`
  if (step.act === 'pass') return `pass ${step.ms}`
  return step.act === 'beat' ? 'beat' : `${step.client} ${step.act}`
}

/** Lines that begin with "#" say what it is about. */
export function parse(text: string): Script {
  const [head = '', ...lines] = text.split('\n').filter(line => line !== '' && !line.startsWith('#'))
  const [level, carrier, storage, answers] = head.split(' ')
  if (!['3', '4', '5'].includes(level ?? '') || !carriers.includes(carrier as Carrier)) {
    throw new Error(`"${head}" is not the head of a script: level, carrier, storage, answers`)
  }
  return {
    level: Number(level) as Version,
    carrier: carrier as Carrier,
    storage: storage === 'file' ? 'file' : 'memory',
    answers: answers === 'answers',
    steps: lines.map(parseStep),
  }
}

function parseStep(line: string): Step {
  const [first = '', second = '', third = ''] = line.split(' ')
  if (first === 'beat') return { act: 'beat' }
  if (first === 'pass') return { act: 'pass', ms: Number(second) }
  const client = first === '1' ? 1 : 0
  if (second === 'send') return { act: 'send', client, bytes: Buffer.from(third, 'hex') }
  if (second === 'cut' || second === 'end' || second === 'open') return { act: second, client }
  throw new Error(`"${line}" is no step`)
}

/** The same script, the same name. */
export function nameOf(script: Script): string {
  const digest = createHash('sha256').update(print(script)).digest('hex').slice(0, 12)
  return `${script.carrier}-${script.level}-${digest}`
}
