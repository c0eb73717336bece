import { useState } from 'react'
import type { Row } from '../../api/client.ts'
import { useWords } from '../../language/language.ts'
import { TextField } from '../../ui/field.tsx'
import { FormDialog, useFormAct } from '../../ui/form-dialog.tsx'
import { NewPasswordField } from '../../ui/new-password-field.tsx'
import { RoleField } from '../../ui/role.tsx'
import { toast } from '../../ui/toast.tsx'
import { text } from './words.ts'

export type Account = Row<'GET /accounts'>

/** Adds an account, or sets role and password of the one that is given. */
export function AccountDialog({
  account,
  accounts,
  onClose,
}: {
  readonly account: Account | undefined
  readonly accounts: readonly Account[]
  readonly onClose: () => void
}) {
  const t = useWords(text)
  const first = accounts.length === 0
  const [name, setName] = useState(account?.name ?? '')
  const [password, setPassword] = useState('')
  const [role, setRole] = useState(account?.role ?? (first ? 'admin' : 'viewer'))
  const put = useFormAct('PUT /accounts/:name')
  const { refused } = put
  // To add an account that is there would replace its password.
  const taken = !account && accounts.some(one => one.name === name)
  const ready = name !== '' && password !== '' && !taken && !put.isPending
  const submit = () =>
    put.mutate(
      { params: { name }, body: { role, password } },
      {
        onSuccess: () => {
          toast(account ? t.changed(name) : t.added(name))
          onClose()
        },
      },
    )
  return (
    <FormDialog
      title={account ? t.changeTitle(account.name) : t.addTitle}
      act={account ? t.changeAct : t.add}
      ready={ready}
      refusal={put.refusal}
      onSubmit={submit}
      onClose={onClose}
    >
      {(first || account) && <p className="text-muted">{first ? t.firstHint : t.changeHint}</p>}
      {!account && (
        <TextField label={t.name} error={taken ? t.taken : refused?.at('/name')} value={name} onChange={setName} />
      )}
      {!first && <RoleField role={role} onChoose={setRole} />}
      <NewPasswordField error={refused?.at('/password')} value={password} onChange={setPassword} />
    </FormDialog>
  )
}
