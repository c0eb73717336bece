import type { Message } from '../contract/message.ts'
import { Branch, messageAt, type Place } from './branch.ts'
import { type LevelSurvey, type Survey, surveyLevel, surveyTopics } from './topic-survey.ts'
import { TopicWalk } from './topic-walk.ts'

const slash = 0x2f

/** Topics by their levels, each with its retained message; filters are matched against it lazily. */
export class TopicTree {
  readonly #root = new Branch('', undefined)

  get(topic: string): Message | undefined {
    const place = this.at(levelsOf(topic))
    return place && messageAt(place)
  }

  /** What stands where a topic ends. `levels`: of the topic. */
  at(levels: readonly string[]): Place | undefined {
    let place: Place | undefined = this.#root
    for (const level of levels) {
      if (!(place instanceof Branch)) return undefined
      place = place.children.get(level)
    }
    return place
  }

  /** Returns the message it replaces. */
  set(message: Message): Message | undefined {
    const levels = levelsOf(message.topic)
    return this.put(message, levels, this.at(levels))
  }

  /** The same for whoever has looked already: `place` is what stands at `levels`, where the message's topic ends. */
  put(message: Message, levels: readonly string[], place: Place | undefined): Message | undefined {
    if (place instanceof Branch) {
      const before = place.message
      place.message = message
      return before
    }
    const last = levels.length - 1
    let branch = this.#root
    for (let depth = 0; depth < last; depth++) branch = branchOf(branch, levels[depth] as string)
    branch.children.set(levels[last] as string, message)
    return place
  }

  delete(topic: string): Message | undefined {
    const levels = levelsOf(topic)
    const path = [this.#root]
    for (const level of levels.slice(0, -1)) {
      const next = path.at(-1)?.children.get(level)
      if (!(next instanceof Branch)) return undefined
      path.push(next)
    }
    const branch = path.at(-1) as Branch
    const name = levels.at(-1) as string
    const place = branch.children.get(name)
    if (place === undefined) return undefined
    if (place instanceof Branch) {
      const before = place.message
      place.message = undefined
      return before
    }
    branch.children.delete(name)
    prune(path)
    return place
  }

  /**
   * Messages of topics the filter matches, and undefined where none was found for long. Lazy: it walks on as it is read,
   * and sees what changed meanwhile.
   */
  match(filter: string): TopicWalk {
    return new TopicWalk(this.#root, levelsOf(filter))
  }

  /** As `match`, past what is not wanted: see `surveyTopics`. */
  survey(filter: string, survey: Survey): Iterable<void> {
    return surveyTopics(this.#root, filter, survey)
  }

  /** What is one level below a topic; without one, the first level: see `surveyLevel`. */
  surveyLevel(topic: string | undefined, survey: LevelSurvey): Iterable<void> {
    const place = topic === undefined ? this.#root : this.at(levelsOf(topic))
    return place instanceof Branch ? surveyLevel(place, survey) : []
  }
}

/** Half the price of `split`, which is a call into the runtime. */
export function levelsOf(topic: string): string[] {
  const levels: string[] = []
  let start = 0
  for (let at = 0; at < topic.length; at++) {
    if (topic.charCodeAt(at) !== slash) continue
    levels.push(topic.slice(start, at))
    start = at + 1
  }
  levels.push(topic.slice(start))
  return levels
}

/** The branch of this name; a message that stood there alone becomes its own. */
function branchOf({ children }: Branch, name: string): Branch {
  const place = children.get(name)
  if (place instanceof Branch) return place
  const branch = new Branch(name, place)
  children.set(name, branch)
  return branch
}

/** Branches without anything below them go; one with a message of its own leaves that in its place. */
function prune(path: readonly Branch[]): void {
  for (let depth = path.length - 1; depth > 0; depth--) {
    const { children, name, message } = path[depth] as Branch
    if (children.size > 0) return
    const above = (path[depth - 1] as Branch).children
    if (message) above.set(name, message)
    else above.delete(name)
    if (message) return
  }
}
