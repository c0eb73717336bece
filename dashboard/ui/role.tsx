import { useWords, words } from '../language/language.ts'
import { Badge } from './badge.tsx'
import { Field, Select } from './field.tsx'

const text = words({
  en: {
    role: 'Role',
    roles: { viewer: 'viewer', operator: 'operator', admin: 'admin' },
    hints: {
      viewer: 'May look.',
      operator: 'May also act on clients and messages: disconnect, publish, clear, ban.',
      admin: 'May also change who may do what: users, rules, configuration, accounts, keys.',
    },
  },
  zh: {
    role: '角色',
    roles: { viewer: '查看者', operator: '操作员', admin: '管理员' },
    hints: {
      viewer: '只能查看。',
      operator: '还可以操作客户端和消息：断开、发布、清除、禁止。',
      admin: '还可以更改权限：用户、规则、配置、账户、密钥。',
    },
  },
})

const roles = ['viewer', 'operator', 'admin'] as const
const tones = { viewer: 'calm', operator: 'accent', admin: 'warn' } as const

/** What somebody may do with the API and this page. */
export type Role = (typeof roles)[number]

export function useRoleHead(): string {
  return useWords(text).role
}

export function RoleBadge({ role }: { readonly role: Role }) {
  const t = useWords(text)
  return <Badge tone={tones[role]}>{t.roles[role]}</Badge>
}

/** Chooses a role, and says what it may. */
export function RoleField({
  role,
  onChoose,
  error,
}: {
  readonly role: Role
  readonly onChoose: (role: Role) => void
  readonly error?: string | undefined
}) {
  const t = useWords(text)
  return (
    <Field label={t.role} hint={t.hints[role]} error={error}>
      {bound => (
        <Select
          {...bound}
          value={role}
          onChoose={chosen => onChoose(roles.find(one => one === chosen) ?? role)}
          choices={roles.map(value => ({ value, label: t.roles[value] }))}
        />
      )}
    </Field>
  )
}
