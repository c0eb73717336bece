/** What a terminal or a reader of lines would act on: controls, line separators, and marks that reverse the text. */
const unprintable = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g

const textLimit = 2_048

/** One line of visible text, whatever a client put into it; long ones are cut and say so. */
export function printable(text: string): string {
  const cut = text.length > textLimit ? `${text.slice(0, textLimit)}... (${text.length - textLimit} more)` : text
  return cut.replace(unprintable, character => {
    const code = character.charCodeAt(0)
    if (character === '\n') return '\\n'
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`
  })
}
