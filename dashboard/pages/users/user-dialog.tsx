import { useState } from 'react'
import { useAnswer } from '../../api/queries.ts'
import { useWords } from '../../language/language.ts'
import { Checkbox, TextField } from '../../ui/field.tsx'
import { FormDialog, useFormAct } from '../../ui/form-dialog.tsx'
import { NewPasswordField } from '../../ui/new-password-field.tsx'
import { toast } from '../../ui/toast.tsx'
import type { User } from './users-page.tsx'
import { text } from './words.ts'

/** Adds a user, or sets the password of the one that is given. */
export function UserDialog({ user, onClose }: { user: User | undefined; onClose: () => void }) {
  const t = useWords(text)
  const [name, setName] = useState(user?.name ?? '')
  const [password, setPassword] = useState('')
  const [tenant, setTenant] = useState(user?.tenant ?? '')
  const [superuser, setSuperuser] = useState(user?.superuser ?? false)
  const [scram, setScram] = useState(user?.scram ?? true)
  const put = useFormAct('PUT /users/:name')
  const taken = useTaken(user ? '' : name)
  const { refused } = put
  const ready = name !== '' && password !== '' && !taken && !put.isPending
  const submit = () =>
    put.mutate(
      { params: { name }, body: { password, tenant: tenant || undefined, superuser, scram } },
      {
        onSuccess: () => {
          toast(user ? t.changed(name) : t.added(name))
          onClose()
        },
      },
    )
  return (
    <FormDialog
      title={user ? t.setTitle(user.name) : t.addTitle}
      act={user ? t.set : t.add}
      ready={ready}
      refusal={put.refusal}
      onSubmit={submit}
      onClose={onClose}
    >
      {!user && <TextField label={t.name} error={taken ? t.taken : undefined} value={name} onChange={setName} />}
      <NewPasswordField error={refused?.at('/password')} value={password} onChange={setPassword} />
      {!user && (
        <TextField
          label={t.tenant}
          hint={t.tenantHint}
          error={refused?.at('/tenant')}
          value={tenant}
          onChange={setTenant}
        />
      )}
      <Checkbox label={t.superuserHint} checked={superuser} onChange={event => setSuperuser(event.target.checked)} />
      <Checkbox label={t.scramHint} checked={scram} onChange={event => setScram(event.target.checked)} />
    </FormDialog>
  )
}

const looked = 1_000

/** To add a user who is there would replace its password. */
function useTaken(name: string): boolean {
  const { data } = useAnswer('GET /users', { query: { search: name, limit: looked } }, { enabled: name !== '' })
  return name !== '' && (data?.data.some(user => user.name === name) ?? false)
}
