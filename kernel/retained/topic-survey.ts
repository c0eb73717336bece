import type { Message } from '../contract/message.ts'
import { Branch, isSystem, messageAt, type Place } from './branch.ts'

/** What whoever looks for few among many is asked and told. */
export interface Survey {
  /** Whether any topic that begins with both is wanted: if not, nothing below is looked at. */
  wants(beginning: string, name: string): boolean
  found(message: Message): void
}

/** Children of a branch, for the level of the filter that they stand for. */
interface Step {
  readonly places: Iterator<Place>
  readonly depth: number
  /** What their topics begin with. */
  readonly beginning: string
}

/** Looks between one breath and the next. */
const looksPerBreath = 1_024

/** As `TopicWalk`, but it yields where its reader may stop for breath; what it finds it tells. */
export function* surveyTopics(root: Branch, filter: string, { wants, found }: Survey): Generator<void, undefined> {
  const levels = filter.split('/')
  // A wildcard in the first level does not reach topics that begin with '$'.
  const skipsSystem = levels[0] === '+' || levels[0] === '#'
  const steps: Step[] = [{ places: placesOf(root, levels[0]), depth: 0, beginning: '' }]
  let looks = 0
  for (let step = steps.at(-1); step; step = steps.at(-1)) {
    const { places, depth, beginning } = step
    const next = levels[depth] === '#' ? depth : depth + 1
    const ends = next === levels.length || levels[next] === '#'
    let below: Step | undefined
    while (!below) {
      const { done, value: place } = places.next()
      if (done) break
      if (++looks % looksPerBreath === 0) yield
      if (skipsSystem && beginning === '' && isSystem(place)) continue
      const message = ends ? messageAt(place) : undefined
      if (message) found(message)
      if (next === levels.length || !(place instanceof Branch)) continue
      if (!wants(beginning, place.name)) continue
      below = { places: placesOf(place, levels[next]), depth: next, beginning: `${beginning}${place.name}/` }
    }
    if (below) steps.push(below)
    else steps.pop()
  }
  return undefined
}

/** One level of a topic that is retained, or that has such below it. */
export interface TopicLevel {
  readonly name: string
  readonly message: Message | undefined
  readonly below: boolean
}

export interface LevelSurvey {
  wants(name: string): boolean
  found(level: TopicLevel): void
}

/** Tells what stands one level below a branch, and yields where its reader may stop for breath. */
export function* surveyLevel({ children }: Branch, { wants, found }: LevelSurvey): Generator<void, undefined> {
  let looks = 0
  for (const [name, place] of children) {
    if (wants(name)) found({ name, message: messageAt(place), below: place instanceof Branch })
    if (++looks % looksPerBreath === 0) yield
  }
  return undefined
}

function placesOf({ children }: Branch, level: string | undefined): Iterator<Place> {
  if (level === '+' || level === '#') return children.values()
  const child = children.get(level ?? '')
  return (child === undefined ? [] : [child]).values()
}
