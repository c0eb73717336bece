/** Texts that both ends of a link know by a number. */
export const mostNames = 16_384
/** Longer ones are written out each time, or they would take 16,384 times as much memory. */
export const longestName = 256

/** What a name begins with: its number from `firstName` on, or what follows. */
export const nameForm = { once: 0, remembered: 1 } as const
export const firstName = 2
