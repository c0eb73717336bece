import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import tailwindcss from '@tailwindcss/vite'
import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'

const server = process.env.ROBUSTMQ_URL ?? 'http://127.0.0.1:8080'
const out = fileURLToPath(new URL('../dist/dashboard', import.meta.url))

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react(), tailwindcss(), compressed()],
  resolve: {
    alias: {
      // It locks scrolling by a style element, which the server's policy does not let in; the dialogs cover what is behind.
      'react-remove-scroll': fileURLToPath(new URL('ui/no-scroll-lock.tsx', import.meta.url)),
    },
  },
  build: {
    outDir: out,
    emptyOutDir: true,
    target: 'es2022',
    // An inlined file would be a data: URL, which the policy does not let in either.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    license: { fileName: 'licenses.md' },
  },
  // `npm run dashboard`: pages that follow the sources, beside a running server.
  server: {
    proxy: Object.fromEntries(['/api', '/events', '/openapi.json'].map(path => [path, { target: server }])),
  },
})

/** Compressed once, at the build, and as small as can be. */
function compressed(): Plugin {
  return {
    name: 'compressed',
    apply: 'build',
    closeBundle() {
      for (const name of readdirSync(out, { recursive: true, encoding: 'utf8' })) {
        if (!/\.(js|css|html|svg)$/.test(name)) continue
        const bytes = readFileSync(join(out, name))
        writeFileSync(join(out, `${name}.br`), brotliCompressSync(bytes))
        writeFileSync(join(out, `${name}.gz`), gzipSync(bytes, { level: 9 }))
      }
    },
  }
}
