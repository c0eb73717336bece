/** The contract's limit on a key. */
const maxKeyBytes = 131_072

const beyondSurrogates = /[\ud800-\uffff]/
const lone = /\p{Surrogate}/u

/** @throws RangeError for a key that no table may hold: too long, or not to be said in UTF-8. */
export function checkKey(key: string): void {
  // No UTF-16 unit takes more than three bytes in UTF-8, so most keys need no counting.
  if (key.length * 3 > maxKeyBytes && Buffer.byteLength(key) > maxKeyBytes) {
    throw new RangeError(`a table key of ${Buffer.byteLength(key)} bytes exceeds ${maxKeyBytes}`)
  }
  if (beyondSurrogates.test(key) && lone.test(key)) {
    throw new RangeError('a table key holds a lone surrogate, which UTF-8 cannot say')
  }
}

/**
 * JavaScript compares UTF-16 code units, which sorts U+E000 to U+FFFF after the surrogates of higher planes. Moving
 * both ranges past each other makes its comparison that of code points, which is that of UTF-8 bytes.
 */
export function orderKey(key: string): string {
  if (!beyondSurrogates.test(key)) return key
  return shift(key, unit => (unit >= 0xe000 ? unit - 0x800 : unit >= 0xd800 ? unit + 0x2000 : unit))
}

/** The inverse of `orderKey`. */
export function plainKey(key: string): string {
  if (!beyondSurrogates.test(key)) return key
  return shift(key, unit => (unit >= 0xf800 ? unit - 0x2000 : unit >= 0xd800 ? unit + 0x800 : unit))
}

function shift(key: string, move: (unit: number) => number): string {
  let shifted = ''
  for (let i = 0; i < key.length; i++) shifted += String.fromCharCode(move(key.charCodeAt(i)))
  return shifted
}
