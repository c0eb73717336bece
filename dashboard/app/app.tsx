import { useEffect } from 'react'
import { live } from '../api/live.ts'
import { QueryClientProvider, queries } from '../api/queries.ts'
import { useSession } from '../api/session.ts'
import { Loading } from '../ui/page.tsx'
import { Toasts } from '../ui/toast.tsx'
import { LoginPage } from './login-page.tsx'
import { Shell } from './shell.tsx'
import { Unreached } from './unreached.tsx'

export function App() {
  return (
    <QueryClientProvider client={queries}>
      <Door />
      <Toasts />
    </QueryClientProvider>
  )
}

function Door() {
  const session = useSession()
  // What was shown may be old by now, and whoever is logged in may have to log in again.
  useEffect(() => live.onReturn(() => void queries.invalidateQueries()), [])
  if (session.state === 'logged-in') return <Shell me={session.me} />
  if (session.state === 'logged-out') return <LoginPage />
  if (session.state === 'unreachable') return <Unreached />
  return <Loading />
}
