import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { ConfigDocument } from './document.ts'

const secretBytesLimit = 1_048_576
const reference = /(\$?)\$\{(env|file):([^}]*)\}/g

/**
 * Replaces `${env:NAME}` and `${file:path}` inside texts. What they stand for counts as secret from here on. Other
 * `${...}` belong to the options they stand in and are left alone; `$${env:` stays a literal `${env:`.
 */
export function interpolate(document: ConfigDocument, environment: NodeJS.ProcessEnv, folder: string): void {
  for (const { path, text, replace } of [...document.texts()]) {
    if (!text.includes('${env:') && !text.includes('${file:')) continue
    const origin = document.nearestOrigin(path)
    let secret = false
    let failed = false
    const whole = text.replace(reference, (match: string, doubled: string, kind: string, name: string) => {
      if (doubled !== '') return match.slice(1)
      secret = true
      const value = kind === 'env' ? environment[name] : readSecret(resolve(folder, name))
      if (typeof value === 'string') {
        if (value !== '') document.secrets.add(value)
        return value
      }
      failed = true
      const fault = kind === 'env' ? `the environment variable "${name}" is not set` : `"${name}" ${value?.fault ?? ''}`
      document.problem(path, origin.at, `expected a value for \${${kind}:${name}}, but ${fault}`)
      return ''
    })
    // A mistake is told once: the text stays as it was and is not checked further.
    replace(failed ? text : whole, { ...origin, secret, text: true, written: text })
    if (secret && !failed && whole !== '') document.secrets.add(whole)
  }
}

function readSecret(path: string): string | { fault: string } {
  try {
    const text = readFileSync(path, 'utf8')
    if (text.length > secretBytesLimit) return { fault: `is longer than ${secretBytesLimit} bytes` }
    return text.replace(/\r?\n$/, '')
  } catch (error) {
    return { fault: `cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'unknown error'}` }
  }
}
