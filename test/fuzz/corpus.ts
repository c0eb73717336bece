import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { type Carrier, nameOf, parse, print, type Script } from './script.ts'

export const corpusDirectory = path.join(import.meta.dirname, 'corpus')
/** Inputs that a run writes because they failed; not kept in the repository. */
export const failureDirectory = path.join(import.meta.dirname, 'failures')
/** So that the whole of it is played with every run of the tests. */
export const maxEntries = 150

/** The scripts that found something new once, and are changed to find more. */
export class Corpus {
  readonly #scripts = new Map<string, Script>()

  static read(): Corpus {
    const corpus = new Corpus()
    for (const [, script] of corpusFiles()) corpus.add(script)
    return corpus
  }

  add(script: Script): void {
    this.#scripts.set(nameOf(script), script)
  }

  of(carrier: Carrier): Script[] {
    return [...this.#scripts.values()].filter(script => script.carrier === carrier)
  }

  get all(): Script[] {
    return [...this.#scripts.values()]
  }
}

export function corpusFiles(): [name: string, script: Script][] {
  const names = readdirSync(corpusDirectory).filter(name => name.endsWith('.txt'))
  return names.map(name => [name, parse(readFileSync(path.join(corpusDirectory, name), 'utf8'))])
}

/** Replaces what is in the folder. */
export function storeCorpus(scripts: readonly Script[]): void {
  rmSync(corpusDirectory, { recursive: true, force: true })
  mkdirSync(corpusDirectory, { recursive: true })
  for (const script of scripts) writeFileSync(path.join(corpusDirectory, `${nameOf(script)}.txt`), print(script))
}

/** Keeps an input that failed, and says how it is played again. */
export function keepFailure(name: string, text: string, error: unknown): string {
  const { message = String(error), actual, expected } = Object(error) as Record<string, string | undefined>
  const compared = actual === undefined ? '' : `\nfound ${JSON.stringify(actual)}\nnot   ${JSON.stringify(expected)}`
  const why = `${message}${compared}`
  const comment = why.split('\n').map(line => `# ${line}`)
  mkdirSync(failureDirectory, { recursive: true })
  const file = path.join(failureDirectory, `${name}.txt`)
  writeFileSync(file, `${comment.join('\n')}\n${text}`)
  return `${why}\nplay it again: REPLAY=${path.relative(process.cwd(), file)} npm run test:fuzz`
}
