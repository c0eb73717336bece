/**
 * Prepares a user name or password as RFC 4013 says; undefined when it holds what must not be in one. The check of
 * directions knows right-to-left characters by their scripts.
 */
export function saslprep(text: string): string | undefined {
  const prepared = text.replace(spaces, ' ').replace(mappedToNothing, '').normalize('NFKC')
  if (prohibited.test(prepared)) return undefined
  if (rightToLeft.test(prepared)) {
    // RFC 3454, section 6: no left-to-right letter, and both ends right-to-left.
    const characters = [...prepared]
    if (leftToRight.test(prepared)) return undefined
    if (!rightToLeft.test(characters[0] ?? '') || !rightToLeft.test(characters.at(-1) ?? '')) return undefined
  }
  return prepared
}

/** RFC 3454 C.1.2 */
const spaces = /[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]/gu
/** RFC 3454 B.1 */
const mappedToNothing = /\u00ad|\u034f|\u1806|[\u180b-\u180d]|\u200c|\u200d|\u2060|[\ufe00-\ufe0f]|\ufeff/gu
/** RFC 3454 C.1.2, C.2.1, C.2.2, C.3 to C.9 */
const prohibited = new RegExp(
  [
    '[\\u00a0\\u1680\\u2000-\\u200b\\u202f\\u205f\\u3000]',
    '[\\p{Cc}\\u06dd\\u070f\\u180e\\u200c\\u200d\\u2028\\u2029\\u2060-\\u2063\\u206a-\\u206f\\ufeff\\ufff9-\\uffff]',
    '[\\u{1d173}-\\u{1d17a}]',
    '[\\p{Co}\\p{Cs}\\p{Noncharacter_Code_Point}]',
    '[\\u2ff0-\\u2ffb\\u0340\\u0341\\u200e\\u200f\\u202a-\\u202e\\u{e0001}\\u{e0020}-\\u{e007f}]',
  ].join('|'),
  'u',
)
const rightToLeft = /(?=\p{L})[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u
const leftToRight = /(?=\p{L})[^\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u
