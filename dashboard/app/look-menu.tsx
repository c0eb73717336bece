import { type Language, languages, setLanguage, useLanguage, useWords, words } from '../language/language.ts'
import { type SchemeChoice, schemes, setScheme, useSchemeChoice } from '../theme/scheme.ts'
import { IconButton } from '../ui/button.tsx'
import { Moon, Sun, SunMoon } from '../ui/icons.ts'
import { Menu, MenuChoice, MenuLine } from '../ui/menu.tsx'

export const lookWords = words({
  en: {
    title: 'Theme and language',
    theme: 'Theme',
    language: 'Language',
    system: 'System',
    light: 'Light',
    dark: 'Dark',
  },
  zh: { title: '主题与语言', theme: '主题', language: '语言', system: '跟随系统', light: '浅色', dark: '深色' },
})

const icons = { system: <SunMoon />, light: <Sun />, dark: <Moon /> }

export function LookMenu() {
  const t = useWords(lookWords)
  const scheme = useSchemeChoice()
  const language = useLanguage()
  return (
    <Menu button={<IconButton label={t.title}>{icons[scheme]}</IconButton>}>
      <MenuChoice
        label={t.theme}
        value={scheme}
        choices={schemes.map(value => ({ value, label: t[value], icon: icons[value] }))}
        onChoose={value => setScheme(value as SchemeChoice)}
      />
      <MenuLine />
      <MenuChoice
        label={t.language}
        value={language}
        choices={Object.entries(languages).map(([value, label]) => ({ value, label }))}
        onChoose={value => setLanguage(value as Language)}
      />
    </Menu>
  )
}
