import type { Figures } from './figures.ts'

/** Messages a second, and the processor's time that each costs the process in question. */
export interface Rate extends Figures {
  readonly perSecond: number
  readonly cpuUs: number
}

/** What a far side's own client sends. */
export interface LoneLoad {
  readonly messages: number
  readonly bytes: number
  /** Messages a second; without it as many as the far side takes. */
  readonly rate?: number
}

/** A system that a bridge sends to, on this machine. */
export interface FarSide extends AsyncDisposable {
  /** Of the bridge's connection. */
  readonly connection: object
  /** Its processes, where they are ours. */
  readonly pids: readonly number[]
  /** A topic without messages. */
  newTopic(): Promise<string>
  /** How many messages the topic holds, by its own account. */
  held(topic: string): Promise<number>
  /** How many of so many messages are read by a client that has nothing in common with the bridge. */
  read(topic: string, messages: number): Promise<number>
  /** What the bridge's client reaches by itself. */
  alone(topic: string, load: LoneLoad): Promise<Rate>
}
