/** A reader of bytes from outside that is no connection: it answers or refuses in its own words, whatever it gets. */
export interface Parser extends AsyncDisposable {
  readonly seeds: readonly Buffer[]
  readonly words: readonly Buffer[]
  /** In a word, what it made of them. @throws what must never be thrown */
  read(bytes: Buffer): Promise<string>
}

export const words = (...all: string[]) => all.map(word => Buffer.from(word))
export const nothing = async () => {}

/** A message without what differs from input to input. */
export function plain({ message }: Error): string {
  return message.slice(0, 2_000).replace(/"[^"]*"|\d+/g, '')
}
