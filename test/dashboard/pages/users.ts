import { expect, test } from 'vitest'
import { checkPage, openPage } from '../page-checks.ts'
import { stand } from '../stand.ts'

checkPage({
  name: 'users',
  path: '/users',
  ready: page => page.getByText('operator-7', { exact: true }).waitFor(),
})

test('users: one that is added logs in, with a new password after it is changed, and not when it is removed', async () => {
  const logIn = async (password: string) => {
    const client = await stand.traffic.client('with-name', { username: 'nora', password })
    await stand.traffic.end(client)
  }
  const page = await openPage('/users?search=nora', { allowed: [/400/] })
  await page.getByText('No user fits the search').waitFor()
  await page.getByRole('button', { name: 'Add user' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Name').fill('operator-7')
  await dialog.getByText('There is a user of this name').waitFor()
  await dialog.getByLabel('Name').fill('nora')
  await dialog.getByLabel('Password', { exact: true }).fill('short')
  await dialog.getByRole('button', { name: 'Add user' }).click()
  await dialog.getByText(/8 characters or more/).waitFor()
  await dialog.getByLabel('Password', { exact: true }).fill('first password')
  await dialog.getByRole('button', { name: 'Add user' }).click()
  await page.getByRole('row', { name: /^nora/ }).waitFor()
  await logIn('first password')
  await page.getByRole('button', { name: 'Set password of nora' }).click()
  await dialog.getByLabel('Password', { exact: true }).fill('second password')
  await dialog.getByRole('button', { name: 'Set password' }).click()
  await page.getByText('The password of nora is changed').waitFor()
  await expect(logIn('first password')).rejects.toThrow(/Bad User Name or Password/)
  await logIn('second password')
  await page.getByRole('button', { name: 'Remove nora' }).click()
  await dialog.getByLabel('Type nora to confirm').fill('nora')
  await dialog.getByRole('button', { name: 'Remove' }).click()
  await page.getByText('No user fits the search').waitFor()
  await expect(logIn('second password')).rejects.toThrow(/Bad User Name or Password/)
})
