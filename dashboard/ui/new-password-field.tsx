import { useWords, words } from '../language/language.ts'
import { TextField } from './field.tsx'

const text = words({
  en: { label: 'Password', hint: 'At least 8 characters. It is stored hashed.' },
  zh: { label: '密码', hint: '至少 8 个字符，以哈希形式保存。' },
})

/** The password that somebody is given. */
export function NewPasswordField({
  error,
  value,
  onChange,
}: {
  readonly error: string | undefined
  readonly value: string
  readonly onChange: (value: string) => void
}) {
  const { label, hint } = useWords(text)
  const field = { label, hint, error, value, onChange }
  return <TextField {...field} type="password" autoComplete="new-password" />
}
