import { call } from '../api/client.ts'
import { queries } from '../api/queries.ts'

/** Everything that was loaded is forgotten with the session. */
export async function logOut(): Promise<void> {
  await call('POST /logout', {})
  queries.clear()
  location.assign('/')
}
