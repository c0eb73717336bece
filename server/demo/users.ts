import { randomBytes } from 'node:crypto'
import { addUser } from '../../auth-plugins/password/index.ts'

const names = ['machines', 'maria', 'historian', 'contractor', 'weighbridge'] as const

export type UserName = (typeof names)[number]
/** Of the users of the plant: made anew at each start, and known to this process alone. */
export type Passwords = Readonly<Record<UserName, string>>

/** Whoever is of another tenant has topics of their own. */
const tenants: Partial<Record<UserName, string>> = { weighbridge: 'logistics' }

export async function writeUsers(file: string): Promise<Passwords> {
  const passwords = Object.fromEntries(names.map(name => [name, randomBytes(18).toString('base64url')])) as Passwords
  for (const name of names) {
    const tenant = tenants[name]
    await addUser(file, { name, password: passwords[name], scram: false, ...(tenant !== undefined && { tenant }) })
  }
  return passwords
}
