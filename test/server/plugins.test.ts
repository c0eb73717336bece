import { join } from 'node:path'
import { expect, test } from 'vitest'
import { silentLogger } from '../../kernel/observe/silent-logger.ts'
import {
  catalogueOf,
  configJsonSchema,
  configReference,
  effectiveConfig,
  kernelOptions,
} from '../../server/config/index.ts'
import { describedCatalogue } from './support/catalogue.ts'
import { type Given, load, mistakes, testFolder } from './support/config.ts'

const plugin = (fields: string): string =>
  `{ kind: 'protocol', name: 'line', api: 1, options: {}, open: async () => ({}), ${fields} }`
const options = `options: { maxLineBytes: { type: 'bytes', default: 65536, min: 64, describe: 'A longer one ends it.' } }`
const line = `export const line = ${plugin(options)}\n`

const yaml = (...modules: string[]): string =>
  `plugins: ${JSON.stringify(modules)}\nlisteners: { tcp: {}, lines: { protocol: line, port: 7000 } }\n`

test('a module beside the configuration adds its protocol, with its options under `protocols`', async () => {
  const text = `${yaml('./line.js')}protocols: { line: { maxLineBytes: 1KB } }\n`
  const loaded = await load(text, { files: { 'line.js': line } })
  const { protocols } = kernelOptions(loaded, silentLogger)
  expect(protocols.map(({ plugin: { name }, options }) => [name, name === 'line' && options])).toEqual([
    ['mqtt', false],
    ['line', { maxLineBytes: 1_024 }],
  ])
  expect(effectiveConfig(loaded)).toContainEqual({
    path: 'protocols.line.maxLineBytes',
    value: '1KB',
    from: 'robustmq.yaml:3:36',
  })
})

test.each([
  ['a CommonJS package', { main: 'main.js' }, 'main.js', `exports.any = ${plugin(options)}`],
  [
    'a package for require and import',
    { exports: { import: './i.mjs', require: './r.cjs' } },
    'r.cjs',
    `module.exports = ${plugin(options)}`,
  ],
  [
    'a package for import alone',
    { exports: { '.': { types: './t.d.ts', import: './i.mjs' } } },
    'i.mjs',
    `export default ${plugin(options)}`,
  ],
])('%s is found from the folder of the configuration', async (_, description, file, text) => {
  const folder = 'node_modules/@acme/robustmq-line'
  const files = { [`${folder}/package.json`]: JSON.stringify(description), [`${folder}/${file}`]: text }
  const { plugins } = await load(yaml('@acme/robustmq-line'), { files })
  expect(plugins.protocols.get('line')?.name).toBe('line')
})

test('one module may bring storage, authenticators and protocols; their options are checked like ours', async () => {
  const files = {
    'all.js': `
      ${line}
      export default {
        disk: ${plugin("kind: 'storage', name: 'disk', options: { directory: { type: 'file', required: true, describe: 'Where.' } }")},
        key: ${plugin("kind: 'auth', name: 'key', options: { secret: { type: 'string', secret: true, describe: 'It.' } }")},
      }
      export const helper = 1
      export function open() {}
    `,
  }
  const given = `${yaml('./all.js')}storage: { type: disk }\naccess: { authenticators: [{ type: key, secret: hush }] }\n`
  const loaded = await load(given, { files })
  const { storage, access } = kernelOptions(loaded, silentLogger)
  expect(storage?.options).toEqual({ directory: join(loaded.folder, 'data') })
  expect(access?.authenticators?.map(({ options }) => options)).toEqual([{ secret: 'hush' }])
  expect(JSON.stringify(effectiveConfig(loaded))).not.toContain('hush')
  expect(
    await mistakes(given.replace('hush', '5').concat('protocols: { line: { maxLineBites: 5 } }'), { files }),
  ).toEqual([
    'robustmq.yaml:5:22 protocols.line.maxLineBites: unknown key "maxLineBites"; did you mean "maxLineBytes"?',
    'robustmq.yaml:4:49 access.authenticators[0].secret: expected a text, got another (its value is secret)',
  ])
})

test('the environment names modules and sets the options of their protocols', async () => {
  const environment = { ROBUSTMQ__PLUGINS: '["./line.js"]', ROBUSTMQ__PROTOCOLS__LINE__MAX_LINE_BYTES: '2KB' }
  const { config } = await load(undefined, { files: { 'line.js': line }, environment })
  expect(config.protocols).toEqual({ line: { maxLineBytes: 2_048 } })
})

test('the JSON Schema and the reference of a configuration describe the plugins it names', async () => {
  const cwd = testFolder({ 'robustmq.yaml': yaml('./line.js'), 'line.js': line })
  const known = await catalogueOf({ catalogue: describedCatalogue().catalogue, cwd, environment: {} })
  expect(JSON.stringify(await configJsonSchema(known))).toContain('A longer one ends it.')
  expect(await configReference(known)).toContain(
    '| protocols.line.maxLineBytes | size | `64KB` | A longer one ends it. |',
  )
})

test('what is not named is not loaded', async () => {
  await load('log: { level: info }', { files: { 'line.js': 'globalThis.loaded = true' } })
  expect(globalThis).not.toHaveProperty('loaded')
})

const fault = 'robustmq.yaml:1:11 plugins[0]: expected a module with plugins, but'

test.each<[why: string, module: string, files: Given['files'], message: string]>([
  ['no file', './line', {}, 'there is no file FOLDER/line'],
  [
    'no file, but one that is near',
    './line',
    { 'line.js': line },
    'there is no file FOLDER/line; did you mean "./line.js"?',
  ],
  ['no package', '@acme/line', {}, 'there is no package "@acme/line" in FOLDER; run "npm install @acme/line" there'],
  [
    'a file named like a package',
    'line.js',
    { 'line.js': line },
    'there is no package "line.js" in FOLDER; if the file beside this is meant, write "./line.js"',
  ],
  [
    'code that throws',
    './line.js',
    { 'line.js': 'throw new RangeError("no")' },
    'FOLDER/line.js cannot be loaded: RangeError: no',
  ],
  [
    'nothing exported',
    './line.js',
    { 'line.js': 'export const open = 1' },
    'it exports none: an object with kind, name, api, options and open()',
  ],
  [
    'another contract',
    './line.js',
    { 'line.js': `export const a = ${plugin('api: 2')}` },
    'its plugin "line" is written for version 2 of the contract, and this server knows 1; take a version of it that fits',
  ],
  [
    'a kind that is not ours',
    './line.js',
    { 'line.js': `export const a = ${plugin("kind: 'cluster'")}` },
    'its plugin "line" is of kind "cluster"; expected one of protocol, storage, auth, bridge',
  ],
  [
    'a name that cannot be',
    './line.js',
    { 'line.js': `export const a = ${plugin("name: 'a_b'")}` },
    'its plugin has the name "a_b"; expected 1 to 64 small letters, digits and "-"',
  ],
  [
    'a name of ours',
    './line.js',
    { 'line.js': `export const a = ${plugin("name: 'mqtt'")}` },
    'there is another protocol plugin "mqtt" already',
  ],
  [
    'options that are not described',
    './line.js',
    { 'line.js': `export const a = ${plugin("options: { x: { type: 'text', describe: '' } }")}` },
    'the options of its plugin "line": "x" has the type "text"; expected one of string, number, boolean, duration, bytes, file, template, document, condition, list, map, object',
  ],
  [
    'an option called like the key that names it',
    './line.js',
    { 'line.js': `export const a = ${plugin("kind: 'auth', options: { type: { type: 'string', describe: '' } }")}` },
    'the options of its plugin "line": "type" has a name that is taken',
  ],
])('%s is one mistake, with its place and the mend', async (_, module, files, message) => {
  const found = await mistakes(yaml(module), { files: files ?? {} })
  expect(found.map(text => text.replaceAll(/\/\S*robustmq-\w+/g, 'FOLDER'))).toEqual([`${fault} ${message}`])
})

test('two modules with one name are told apart by the place of the second', async () => {
  const files = { 'a.js': line, 'b.js': line }
  expect(await mistakes(yaml('./a.js', './b.js'), { files })).toEqual([
    'robustmq.yaml:1:20 plugins[1]: expected a module with plugins, but there is another protocol plugin "line" already',
  ])
})

test('a module that fails hides no other mistake', async () => {
  const found = await mistakes(`${yaml('./none.js')}log: { level: inof }\n`)
  expect(found.map(text => text.split(' ')[1])).toEqual(['log.level:', 'plugins[0]:'])
})
