#!/usr/bin/env node
import * as nodeModule from 'node:module'

// Compiled code kept from the last start saves a third of the start; Node 20 cannot.
const { enableCompileCache } = nodeModule as { enableCompileCache?: () => unknown }
enableCompileCache?.()

const { run } = await import('./cli.ts')
process.exitCode = await run(process.argv.slice(2))
