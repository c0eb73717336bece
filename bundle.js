import { build } from 'rolldown'

// The program is one bundle: loading 300 small modules one by one took more than half of its start, and 14 MB.
// docs/decisions/server-bundle.md has the numbers. The library beside it stays as tsc writes it.
await build({
  input: { main: 'server/main.ts' },
  platform: 'node',
  output: {
    dir: 'dist/server',
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: 'parts/[name].js',
  },
})
