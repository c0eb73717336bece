import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { addUser, listUsers } from '../../../auth-plugins/password/index.ts'
import { encodeName, formatUser, parseUsers } from '../../../auth-plugins/password/users-file.ts'
import { directory, freshPath, login, opened, peer } from './support/users.ts'

test('the commands keep comments and order, leave mode 0600 and no temporary file', async () => {
  const file = freshPath()
  await addUser(file, { name: 'ann', password: 'x' })
  await writeFile(file, `${await readFile(file, 'utf8')}# ours\n`)
  await addUser(file, { name: 'bob', password: 'x', scram: false })
  await addUser(file, { name: 'ann', password: 'y' })
  const text = await readFile(file, 'utf8')
  expect(text.startsWith('# Users, one a line.')).toBe(true)
  expect(text.indexOf('\nann:')).toBeLessThan(text.indexOf('# ours'))
  expect(text.indexOf('# ours')).toBeLessThan(text.indexOf('\nbob:'))
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  expect((await readdir(directory)).filter(name => name.endsWith('.tmp'))).toEqual([])
  expect(await listUsers(file)).toEqual([
    { name: 'ann', tenant: undefined, superuser: false, scram: true },
    { name: 'bob', tenant: undefined, superuser: false, scram: false },
  ])
})

test.each([
  [{ name: '', password: 'x' }, 'a user name has'],
  [{ name: 'a\nb:$scrypt', password: 'x' }, 'control characters'],
  [{ name: 'ann', password: '' }, 'empty password'],
  [{ name: 'ann', password: 'bell\u0007' }, 'SCRAM'],
])('the command refuses %j', async (user, message) => {
  await expect(addUser(freshPath(), user)).rejects.toThrow(message)
})

test('every user survives being written and read, whatever the name', async () => {
  const scrypt = { n: 16_384, r: 8, p: 1, salt: Buffer.alloc(16, 1), hash: Buffer.alloc(32, 2) }
  const scram = {
    iterations: 4_096,
    salt: Buffer.alloc(16, 3),
    storedKey: Buffer.alloc(32, 4),
    serverKey: Buffer.alloc(32, 5),
  }
  const name = fc.string({ unit: 'grapheme', minLength: 1 }).filter(text => !/\p{Cs}/u.test(text))
  const odd = fc.oneof(name, fc.constantFrom('__proto__', '#a', '!decoy', 'a:b', '%41', ' a ', 'ü', '$scrypt'))
  fc.assert(
    fc.property(
      odd,
      fc.option(odd, { nil: undefined }),
      fc.boolean(),
      fc.boolean(),
      (user, tenant, superuser, keys) => {
        const written = { name: user, scrypt, scram: keys ? scram : undefined, tenant, superuser }
        expect([...parseUsers(formatUser(written), 'f').users.values()]).toEqual([written])
      },
    ),
  )
})

const goodLine = formatUser({
  name: 'ann',
  scrypt: { n: 16_384, r: 8, p: 1, salt: Buffer.alloc(16, 1), hash: Buffer.alloc(32, 2) },
  scram: undefined,
  tenant: undefined,
  superuser: false,
})

test.each([
  ['a name alone', 'bob', 'add the user again'],
  ['a name and an empty hash', 'bob:', 'set the password again'],
  ['a plain password', 'bob:secret', 'set the password again'],
  ['an empty name', goodLine.replace('ann', ''), 'user name'],
  ['a truncated hash', goodLine.slice(0, -4), 'set the password again'],
  ['a weak cost', goodLine.replace('16384', '16383'), 'set the password again'],
  ['a cost that would take all memory', goodLine.replace('16384$8', '1048576$32'), 'set the password again'],
  ['a blank before the name', ` ${goodLine.replace('ann', 'bob')}`, 'user name'],
  ['a second line for the same user', goodLine, 'line 2 again'],
  ['another field', `${goodLine.replace('ann', 'bob')}:admin`, 'remove it'],
  ['weak SCRAM', `${goodLine.replace('ann', 'bob')}:$scram-sha-256$1$AAAA$AAAA$AAAA`, 'SCRAM'],
  ['an empty tenant', `${goodLine.replace('ann', 'bob')}:tenant=`, 'tenant'],
  ['a broken decoy', '!decoy abc', 'remove the line'],
  ['an unfinished escape', goodLine.replace('ann', 'b%4'), 'user name'],
])('%s makes no user: the file is refused, with line and mend [hostile 31]', async (_, line, mend) => {
  const file = freshPath()
  await writeFile(file, `# users\n${goodLine}\n${line}\n`)
  const refusal = expect.objectContaining({ message: expect.stringMatching(new RegExp(`^${file}:3: .*${mend}`)) })
  await expect(opened(file)).rejects.toEqual(refusal)
})

test('a malformed line names no secret', async () => {
  const file = freshPath()
  await writeFile(file, 'bob:hunter2\n')
  await expect(opened(file)).rejects.toThrow(/^(?!.*hunter2)/s)
})

test('a reload of a malformed file fails, and the old users stay [hostile 31]', async () => {
  const file = freshPath()
  await addUser(file, { name: 'ann', password: 'x' })
  const { auth } = await opened(file)
  await writeFile(file, 'ann\n')
  await expect(auth.reload?.()).rejects.toThrow(`${file}:1:`)
  expect(await auth.authenticate(login('ann', 'x'), peer)).toMatchObject({ user: 'ann' })
})

test('a written name has nothing that ends a field or a line', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), name => !/[:#!\s\p{Cc}]/u.test(encodeName(name))))
})
