import type { Message } from '../contract/message.ts'

/** What stands at a level: most topics have nothing below them, and take no more than their message. */
export type Place = Message | Branch

/** A level with others below it. */
export class Branch {
  readonly name: string
  readonly children = new Map<string, Place>()
  /** Of the topic that ends here. */
  message: Message | undefined

  constructor(name: string, message: Message | undefined) {
    this.name = name
    this.message = message
  }
}

/** Of the topic that ends at this place. */
export function messageAt(place: Place): Message | undefined {
  return place instanceof Branch ? place.message : place
}

/** Whether a place of the first level is of topics that a wildcard there does not reach. */
export function isSystem(place: Place): boolean {
  return (place instanceof Branch ? place.name : place.topic).startsWith('$')
}
