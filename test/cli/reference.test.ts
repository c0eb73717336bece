import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { commands } from '../../cli/program.ts'
import { reference } from '../../cli/reference.ts'

const written = reference(commands())

test('the reference in the repository is the one the commands generate: robust-ctl __reference > docs/reference/robust-ctl.md', () => {
  expect(readFileSync(new URL('../../docs/reference/robust-ctl.md', import.meta.url), 'utf8')).toBe(written)
})

test('it has every command that does something, with its arguments, and none that is hidden', () => {
  expect(written).toContain('### `robust-ctl mqtt publish --topic <topic>`')
  expect(written).toContain('### `robust-ctl acl explain <client> <action> <topic>`')
  expect(written).toContain('| `-q, --qos <qos>` | quality of service: `0`, `1`, `2`; `0` if not given |')
  expect(written).not.toContain('### `robust-ctl __')
})
