import { type FileHandle, open } from 'node:fs/promises'
import {
  BridgeFailure,
  type BridgePlugin,
  type BridgeSink,
  type DocumentTemplate,
  isRejected,
  Rejected,
  type Scope,
} from '../../kernel/plugin.ts'

interface Options {
  readonly file: string
}

interface To {
  readonly line: DocumentTemplate
}

/** Messages as lines of a file. */
export const fileBridge: BridgePlugin<Options, To> = {
  kind: 'bridge',
  name: 'lines-to-file',
  api: 1,
  options: {
    file: { type: 'file', required: true, describe: 'The file that lines are added to.' },
  },
  to: {
    line: { type: 'document', default: { topic: '${topic}', payload: '${payload}' }, describe: 'One line.' },
  },
  async open({ clock }, { file }) {
    return {
      egress: to => new FileSink(file, to),
      async *test() {
        const startedAt = clock.now()
        const failure = await open(file, 'a').then(handle => handle.close(), String)
        const rung = { name: 'file', ms: clock.now() - startedAt, ok: !failure, detail: failure || file }
        yield failure ? { ...rung, mend: 'let the server write there' } : rung
      },
      async close() {},
    }
  },
}

class FileSink implements BridgeSink<Uint8Array> {
  readonly #file: string
  readonly #to: To
  #handle: FileHandle | undefined

  constructor(file: string, to: To) {
    this.#file = file
    this.#to = to
  }

  prepare(scope: Scope): Uint8Array | Rejected {
    const line = this.#to.line.render(scope)
    if (line === undefined || isRejected(line)) return line ?? new Rejected('NOTHING', 'the line is left out')
    return line.includes(0x0a) ? new Rejected('NOT_A_LINE', 'it has more than one line') : line
  }

  bytesOf(line: Uint8Array): number {
    return line.length + 1
  }

  async send(lines: readonly Uint8Array[]): Promise<void> {
    try {
      this.#handle ??= await open(this.#file, 'a')
      await this.#handle.appendFile(Buffer.concat(lines.flatMap(line => [line, Buffer.from('\n')])))
      await this.#handle.datasync()
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      throw new BridgeFailure(`${this.#file}: ${code}`, { wants: code === 'ENOSPC' ? 'repeat' : 'mend' })
    }
  }

  async close(): Promise<void> {
    await this.#handle?.close()
    this.#handle = undefined
  }
}
