import { importsOf, type Sources } from './sources.ts'

export interface Rule {
  readonly promise: string
  /** What breaks the rule: file and line, what is wrong, how to mend it. */
  check(sources: Sources): string[]
  /** Files that break it once each: a rule that cannot fail proves nothing. */
  readonly breaches: Readonly<Record<string, string>>
}

/** Where each third-party package may be imported outside tests: one adapter, one plugin, one folder of the server; once in each program. */
const homes: Readonly<Record<string, string | readonly string[]>> = {
  '@fastify/cookie': 'server/http/http-server.ts',
  '@fastify/rate-limit': 'server/http/http-server.ts',
  '@opentelemetry/api': 'server/telemetry/',
  '@opentelemetry/exporter-trace-otlp-http': 'server/telemetry/',
  '@opentelemetry/resources': 'server/telemetry/',
  '@opentelemetry/sdk-trace-base': 'server/telemetry/',
  '@tailwindcss/vite': 'dashboard/vite.config.ts',
  '@tanstack/react-query': 'dashboard/api/queries.ts',
  '@tanstack/react-virtual': 'dashboard/table/',
  '@vitejs/plugin-react': 'dashboard/vite.config.ts',
  '@platformatic/kafka': 'bridges/kafka/wire/driver.ts',
  commander: ['server/cli.ts', 'cli/'],
  fastify: 'server/http/',
  jose: 'auth-plugins/jwt/',
  'lucide-react': 'dashboard/ui/icons.ts',
  mqtt: ['bridges/mqtt/', 'cli/mqtt/', 'server/demo/device.ts'],
  pino: 'server/adapters/pino-logger.ts',
  'pino-pretty': 'server/adapters/pino-logger.ts',
  'prom-client': 'server/http/metrics/',
  'radix-ui': 'dashboard/ui/',
  re2js: 'protocols/mqtt/topics/rewriter.ts',
  react: 'dashboard/',
  'react-dom': 'dashboard/main.tsx',
  'reflect-metadata': 'server/compose.ts',
  tsyringe: 'server/compose.ts',
  uplot: 'dashboard/charts/',
  vite: 'dashboard/vite.config.ts',
  wouter: 'dashboard/app/navigation.ts',
  // As a server there, as a client here.
  ws: ['kernel/net/', 'bridges/pulsar/websocket/'],
  yaml: ['server/config/yaml.ts', 'cli/yaml.ts'],
  zod: 'server/',
}

const pluginFolders = ['protocols', 'storage-plugins', 'auth-plugins', 'bridges']
const maximumLines = 400

export const rules: readonly Rule[] = [
  {
    promise: 'the kernel imports nothing above it',
    check: sources =>
      eachImport(sources, /^kernel\//, ({ file }) =>
        file === undefined || file.startsWith('kernel/')
          ? undefined
          : 'which is above the kernel. Mend: let the kernel offer an interface in kernel/contract and be given the thing',
      ),
    breaches: { 'kernel/a.ts': "import { mqtt } from '../protocols/mqtt/index.ts'" },
  },
  {
    promise: 'a plugin imports only kernel/plugin.ts and its own folder',
    check: sources =>
      eachImport(sources, /^(protocols|storage-plugins|auth-plugins|bridges)\//, ({ file }, from) => {
        if (file === undefined || file === 'kernel/plugin.ts') return undefined
        const own = from.split('/').slice(0, 2).join('/')
        if (file.startsWith(`${own}/`)) return undefined
        if (file.startsWith('kernel/')) {
          return 'which is inside the kernel. Mend: import from kernel/plugin.ts, or have the contract offer it'
        }
        return 'which belongs to somebody else. Mend: plugins meet only through the kernel, so go through kernel/plugin.ts'
      }),
    breaches: {
      'protocols/mqtt/a.ts': "import { Trie } from '../../kernel/routing/trie.ts'",
      'storage-plugins/file/b.ts': "export { memory } from '../memory/index.ts'",
    },
  },
  {
    promise: 'an example uses only the doors: kernel/index.ts, kernel/plugin.ts and the index.ts of plugins',
    check: sources =>
      eachImport(sources, /^examples\//, ({ file }, from) =>
        file === undefined ||
        file.startsWith(from.split('/').slice(0, 2).join('/')) ||
        /^kernel\/(index|plugin)\.ts$/.test(file) ||
        (pluginFolders.includes(file.split('/')[0] ?? '') && file.endsWith('/index.ts'))
          ? undefined
          : 'which users cannot import. Mend: go through a door, and widen the door if it lacks something',
      ),
    breaches: { 'examples/line/a.ts': "import { Spool } from '../../kernel/spool/spool.ts'" },
  },
  {
    promise: 'robust-ctl imports nothing of the rest: it speaks HTTP and MQTT',
    check: sources =>
      eachImport(sources, /^cli\//, ({ file }) =>
        file === undefined || file.startsWith('cli/')
          ? undefined
          : 'which is outside cli/. Mend: let the HTTP API offer it',
      ),
    breaches: { 'cli/a.ts': "import { version } from '../kernel/version.ts'" },
  },
  {
    promise: 'nothing outside test/ imports from test/, bench/ or examples/',
    check: sources =>
      eachImport(sources, /^(?!test\/|bench\/|examples\/)/, ({ file }) =>
        file !== undefined && /^(test|bench|examples)\//.test(file)
          ? 'which is not shipped. Mend: move what is needed to where it is used'
          : undefined,
      ),
    breaches: { 'server/a.ts': "import { wire } from '../test/support/wire.ts'" },
  },
  {
    promise: 'each third-party package is imported in exactly one place',
    check: sources =>
      eachImport(sources, /^(?!test\/|bench\/|examples\/)/, ({ package: name }, from) => {
        if (name === undefined) return undefined
        const home = homes[name]
        if (home === undefined) {
          return 'which has no place yet. Mend: choose the one adapter or plugin that may import it and list it in test/support/tidy-rules.ts'
        }
        const places = typeof home === 'string' ? [home] : home
        if (places.some(place => from.startsWith(place))) return undefined
        return `which only ${places.join(' and ')} may import. Mend: use what that offers`
      }),
    breaches: {
      'kernel/routing/a.ts': "import { z } from 'zod/v4/core'",
      'server/b.ts': "const lib = await import('left-pad')",
    },
  },
  {
    promise: 'imports of built-in modules say node:',
    check: sources =>
      eachImport(sources, /./, ({ package: name }) =>
        name !== undefined && builtIn.has(name) ? `Mend: write 'node:${name}'` : undefined,
      ),
    breaches: { 'server/a.ts': "import fs from 'fs'" },
  },
  {
    promise: 'no imports run in a circle, and between folders those of types do not either',
    check: cycles,
    breaches: {
      'kernel/a.ts': "import { b } from './b.ts'",
      'kernel/b.ts': "import { c } from './queues/c.ts'",
      'kernel/queues/c.ts': "import type { A } from '../a.ts'",
    },
  },
  {
    promise: 'rights are asked by one function',
    check: sources =>
      eachLine(sources, /^(kernel|protocols|bridges|server)\/(?!access\/permits\.ts$)/, line =>
        /\.may\??\.?\(/.test(line)
          ? 'asks a principal by itself. Mend: call permits of kernel/access, or let the kernel ask, which does on every path'
          : undefined,
      ),
    breaches: {
      'kernel/queues/a.ts': "if (this.principal?.may('receive', topic)) return",
      'protocols/mqtt/b.ts': "if (!space.principal.may('publish', topic)) return",
    },
  },
  {
    promise: 'the kernel never names a protocol',
    check: sources =>
      eachLine(sources, /^kernel\//, line => {
        const word = /mqtt|amqp|kafka/i.exec(line)?.[0]
        return word && `says "${word}". Mend: use the kernel's own word, or move what is of a protocol to its plugin`
      }),
    breaches: { 'kernel/a.ts': 'const port = 1883 // MQTT' },
  },
  {
    promise: `no file has more than ${maximumLines} lines`,
    check: sources =>
      [...sources].flatMap(([file, source]) => {
        const lines = source.trimEnd().split('\n').length
        if (lines <= maximumLines) return []
        return [`${file} has ${lines} lines. Mend: find the seam; most files stay under 200 lines`]
      }),
    breaches: { 'server/a.ts': 'x\n'.repeat(maximumLines + 1) },
  },
  {
    promise: 'a file is named in kebab-case after the one noun inside',
    check: sources =>
      [...sources.keys()].flatMap(file => {
        const name = file.split('/').at(-1) ?? ''
        if (/^(utils?|helpers?|common|manager|misc|types)\.(ts|mjs|js)$|-(utils?|helpers?|manager)\./.test(name)) {
          return [
            `${file} is named after nothing. Mend: name it after the noun inside, or move its parts to their nouns`,
          ]
        }
        if (/^[a-z0-9]+(-[a-z0-9]+)*(\.test|\.config)?\.(tsx?|mjs|js)$/.test(name)) return []
        return [`${file} is not in kebab-case. Mend: rename it`]
      }),
    breaches: { 'kernel/utils.ts': '', 'kernel/queue-manager.ts': '', 'server/MyThing.ts': '' },
  },
  {
    promise: 'no test is run alone',
    check: sources =>
      eachLine(sources, /^test\/(?!support\/tidy-rules)/, line =>
        /(?:^|[=?:(,])\s*(test|it|describe)(\.\w+)*\.only\b/.test(line)
          ? 'has .only, which hides all other tests. Mend: remove it'
          : undefined,
      ),
    breaches: { 'test/kernel/a.test.ts': `test.${'only'}('x', () => {})` },
  },
  {
    promise: 'a skipped test says why',
    check: sources =>
      eachLine(sources, /^test\/(?!support\/(tidy-rules|skipping)\.ts)/, line =>
        /(?:^|[=?:(,])\s*(test|it|describe)(\.\w+)*\.(skip|skipIf|runIf|todo)\b|\{[^}]*\bskip\b[^}]*\} *\) *=>|\(process\.platform [!=]== '\w+'\) return$/.test(
          line,
        )
          ? 'skips by itself. Mend: use testUnless or testWith of test/support/skipping.ts, which put the reason into its name'
          : undefined,
      ),
    breaches: {
      'test/kernel/a.test.ts': `\ntest.${'skip'}('x', () => {})`,
      'test/kernel/b.test.ts': "\ntest('x', ({ skip }) => skip())",
      'test/kernel/c.test.ts': "\n  if (process.platform !== 'linux') return",
    },
  },
  {
    promise: 'tests mirror the tree',
    check: sources => {
      const present = new Set([...sources.keys()].flatMap(foldersOf))
      return [...sources.keys()].flatMap(file => {
        if (!/^test\/(kernel|protocols|storage-plugins|auth-plugins|bridges|server|cli|examples|bench)\//.test(file)) {
          return otherTests.test(file)
            ? []
            : [`${file} mirrors nothing. Mend: put it where the folder that it tests has its mirror`]
        }
        const mirrored = file.slice('test/'.length).split('/').slice(0, -1).join('/')
        if (present.has(mirrored) || mirrored.endsWith('/support')) return []
        return [
          `${file} mirrors ${mirrored}/, which does not exist. Mend: move the test to where its subject lives now`,
        ]
      })
    },
    breaches: { 'test/kernel/gone/a.test.ts': '', 'test/misc/b.test.ts': '' },
  },
]

const otherTests =
  /^(?!test\/)|^test\/((conformance|faults|hostile|load|interop|mutations|simulation|fuzz|dashboard|support|docs)\/|(package|tidy|readme)\.test\.ts$)/

const builtIn = new Set(
  'assert buffer child_process crypto dns events fs http http2 https module net os path perf_hooks process readline stream timers tls url util v8 vm worker_threads zlib'.split(
    ' ',
  ),
)

function eachImport(
  sources: Sources,
  where: RegExp,
  complain: (found: ReturnType<typeof importsOf>[number], from: string) => string | undefined,
): string[] {
  return [...sources].flatMap(([from, source]) => {
    if (!where.test(from)) return []
    return importsOf(from, source).flatMap(found => {
      const complaint = complain(found, from)
      return complaint === undefined ? [] : [`${from}:${found.line} imports '${found.specifier}', ${complaint}`]
    })
  })
}

function eachLine(
  sources: Sources,
  where: RegExp,
  complain: (line: string, before: string) => string | undefined,
): string[] {
  return [...sources].flatMap(([file, source]) => {
    if (!where.test(file)) return []
    const lines = source.split('\n')
    return lines.flatMap((line, index) => {
      const complaint = complain(line, lines[index - 1] ?? '')
      return complaint ? [`${file}:${index + 1} ${complaint}`] : []
    })
  })
}

/** Every circle once, beginning with the file by which it is found first. */
function cycles(sources: Sources): string[] {
  const edges = new Map([...sources].map(([file, source]) => [file, needs(file, source)]))
  const complaints: string[] = []
  const finished = new Set<string>()
  const trail: string[] = []
  const visit = (file: string) => {
    const at = trail.indexOf(file)
    if (at >= 0) {
      const circle = [...trail.slice(at), file].join(' -> ')
      complaints.push(`${circle} is a circle. Mend: move what both need to a file of its own`)
      return
    }
    if (finished.has(file)) return
    trail.push(file)
    for (const next of edges.get(file) ?? []) visit(next)
    trail.pop()
    finished.add(file)
  }
  for (const file of edges.keys()) visit(file)
  return complaints
}

/** What a file cannot be understood without. Classes of one folder may know each other's types. */
function needs(file: string, source: string): string[] {
  const folder = file.slice(0, file.lastIndexOf('/') + 1)
  return importsOf(file, source).flatMap(({ file: other, typeOnly }) => {
    if (other === undefined) return []
    const sameFolder = other.startsWith(folder) && !other.slice(folder.length).includes('/')
    return typeOnly && sameFolder ? [] : [other]
  })
}

function foldersOf(file: string): string[] {
  const parts = file.split('/').slice(0, -1)
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'))
}
