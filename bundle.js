import { build } from 'rolldown'

// Each program is one bundle: loading 300 small modules one by one took more than half of the server's start, and 14 MB.
// docs/decisions/server-bundle.md has the numbers. The library beside it stays as tsc writes it.
for (const program of ['server', 'cli']) {
  await build({
    input: { main: `${program}/main.ts` },
    platform: 'node',
    // Drivers of bridges are loaded when a bridge uses them, and read files of their own beside them.
    external: [/^@platformatic\//, 'mqtt'],
    output: {
      dir: `dist/${program}`,
      format: 'esm',
      entryFileNames: '[name].js',
      chunkFileNames: 'parts/[name].js',
    },
  })
}
