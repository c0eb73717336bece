import { chmod, readFile, writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { addUser, password, removeUser } from '../../../auth-plugins/password/index.ts'
import { Turns } from '../../../auth-plugins/password/turns.ts'
import { authSuite } from '../../conformance/auth.ts'
import { freshPath, login, opened, peer, silent } from './support/users.ts'

authSuite(password, async host => {
  const file = freshPath()
  await addUser(file, { name: 'ann', password: 'correct horse' })
  const secrets = (await readFile(file, 'utf8')).split('\n').slice(-2)[0]!.split('$').slice(5)
  return {
    authenticator: await password.open(host, { file }),
    good: login('ann', 'correct horse'),
    user: 'ann',
    bad: login('ann', 'battery staple'),
    secrets,
  }
})

test('a user added by the command can log in after a reload, with tenant and rank', async () => {
  const file = freshPath()
  expect(await addUser(file, { name: 'ann', password: 'one' })).toBe('added')
  const { auth } = await opened(file)
  await addUser(file, { name: 'bob', password: 'two', tenant: 'acme', superuser: true })
  expect(await auth.authenticate(login('bob', 'two'), peer)).toBe('unknown')
  await auth.reload?.()
  expect(await auth.authenticate(login('bob', 'two'), peer)).toEqual({ user: 'bob', tenant: 'acme', superuser: true })
})

test('setting a password again replaces the old one, and removing the user ends both', async () => {
  const file = freshPath()
  await addUser(file, { name: 'ann', password: 'old' })
  expect(await addUser(file, { name: 'ann', password: 'new' })).toBe('replaced')
  const { auth } = await opened(file)
  expect(await auth.authenticate(login('ann', 'old'), peer)).toBe('denied')
  expect(await auth.authenticate(login('ann', 'new'), peer)).toMatchObject({ user: 'ann' })
  expect(await removeUser(file, 'ann')).toBe(true)
  expect(await removeUser(file, 'ann')).toBe(false)
  await auth.reload?.()
  expect(await auth.authenticate(login('ann', 'new'), peer)).toBe('unknown')
})

test('a missing file stops the start; an empty one knows nobody [hostile 31]', async () => {
  await expect(opened(freshPath())).rejects.toThrow('ENOENT')
  const file = freshPath()
  await writeFile(file, '')
  const { auth } = await opened(file)
  expect(await auth.authenticate(login('', ''), peer)).toBe('unknown')
})

test('a file that others can read is warned about', async () => {
  const file = freshPath()
  await addUser(file, { name: 'ann', password: 'x' })
  const warnings: string[] = []
  const logger = { ...silent, warn: (_: object, message: string) => void warnings.push(message) }
  await opened(file, {}, logger)
  expect(warnings).toEqual([])
  await chmod(file, 0o644)
  await opened(file, {}, logger)
  expect(warnings).toHaveLength(1)
})

test('a good login is remembered for the configured time, a bad one never', async () => {
  const file = freshPath()
  await addUser(file, { name: 'ann', password: 'x' })
  const { auth, clock } = await opened(file, { cache: 1_000 })
  await auth.authenticate(login('ann', 'wrong'), peer)
  expect(auth.inspect?.()).toMatchObject({ remembered: 0 })
  await auth.authenticate(login('ann', 'x'), peer)
  expect(auth.inspect?.()).toMatchObject({ remembered: 1 })
  expect(await auth.authenticate(login('ann', 'wrong'), peer)).toBe('denied')
  await clock.advance(1_000)
  expect(await auth.authenticate(login('ann', 'x'), peer)).toMatchObject({ user: 'ann' })
  await auth.reload?.()
  expect(auth.inspect?.()).toMatchObject({ remembered: 0 })
})

test('finding out that a user does not exist takes as long as a wrong password', async () => {
  const file = freshPath()
  await addUser(file, { name: 'ann', password: 'x' })
  const { auth } = await opened(file)
  const timed = async (user: string) => {
    const started = performance.now()
    for (let i = 0; i < 3; i += 1) await auth.authenticate(login(user, 'wrong'), peer)
    return performance.now() - started
  }
  // Without the comparison against nobody's hash it is a thousandth.
  expect(await timed('nobody')).toBeGreaterThan((await timed('ann')) / 50)
})

test('hashes take turns, so that the disk keeps its threads', async () => {
  const turns = new Turns(2)
  const started: number[] = []
  const finish: (() => void)[] = []
  const runs = [0, 1, 2, 3].map(i =>
    turns.run(async () => {
      started.push(i)
      await new Promise<void>(resolve => finish.push(resolve))
      if (i === 1) throw new Error('one fails')
    }),
  )
  const outcomes = Promise.allSettled(runs)
  expect(started).toEqual([0, 1])
  finish[1]?.()
  await runs[1]!.catch(() => {})
  expect(started).toEqual([0, 1, 2])
  finish[0]?.()
  finish[2]?.()
  await runs[2]
  finish[3]?.()
  expect((await outcomes).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled'])
  expect(started).toEqual([0, 1, 2, 3])
})
