import { useEffect, useState } from 'react'
import { useAct } from '../api/queries.ts'
import { useWords, words } from '../language/language.ts'
import { Button } from '../ui/button.tsx'
import { Field, Input } from '../ui/field.tsx'
import { Logo } from './logo.tsx'
import { LookMenu } from './look-menu.tsx'

const text = words({
  en: {
    title: 'Log in',
    name: 'Name',
    password: 'Password',
    hint: 'The first password was printed when the server started for the first time.',
  },
  zh: { title: '登录', name: '用户名', password: '密码', hint: '初始密码在服务器首次启动时打印。' },
})

export function LoginPage() {
  const t = useWords(text)
  const [name, setName] = useState('admin')
  const [password, setPassword] = useState('')
  const login = useAct('POST /login')
  useEffect(() => {
    document.title = `${t.title} · RobustMQ`
  }, [t.title])
  return (
    <main className="grid min-h-dvh place-items-center p-4">
      <div className="absolute top-2 right-2">
        <LookMenu />
      </div>
      <div className="w-full max-w-sm rounded-xl border bg-surface p-6 shadow-card">
        <Logo />
        <h1 className="mt-5 mb-3 text-lg font-semibold">{t.title}</h1>
        <form
          className="flex flex-col gap-3"
          onSubmit={event => {
            event.preventDefault()
            login.mutate({ body: { name, password } })
          }}
        >
          <Field label={t.name}>
            {bound => (
              <Input
                {...bound}
                name="username"
                autoComplete="username"
                value={name}
                onChange={event => setName(event.target.value)}
              />
            )}
          </Field>
          <Field label={t.password} hint={t.hint}>
            {bound => (
              <Input
                {...bound}
                name="password"
                type="password"
                autoComplete="current-password"
                value={password}
                onChange={event => setPassword(event.target.value)}
              />
            )}
          </Field>
          {login.error && (
            <p role="alert" className="rounded-md bg-bad-soft px-3 py-2 text-bad">
              {login.error.message}
            </p>
          )}
          <Button type="submit" look="main" disabled={login.isPending} className="mt-1 h-9">
            {t.title}
          </Button>
        </form>
      </div>
    </main>
  )
}
