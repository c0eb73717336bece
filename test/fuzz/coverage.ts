import inspector from 'node:inspector'

interface ScriptCoverage {
  readonly url: string
  readonly functions: readonly {
    readonly ranges: readonly { readonly startOffset: number; readonly endOffset: number; readonly count: number }[]
  }[]
}

/** Which blocks of the broker ran. To ask costs a tenth of a second, so it is asked of scripts that are candidates for the corpus. */
export class Coverage {
  readonly #session = new inspector.Session()

  constructor() {
    this.#session.connect()
    this.#session.post('Profiler.enable')
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
  }

  /** All that ran since the last call. */
  take(): Set<string> {
    let result: readonly ScriptCoverage[] = []
    this.#session.post('Profiler.takePreciseCoverage', (error, answer) => {
      if (error) throw error
      result = answer.result
    })
    const ran = new Set<string>()
    for (const { url, functions } of result) {
      const file = /\/((?:kernel|protocols|storage-plugins)\/[^?]*)/.exec(url)?.[1]
      if (file === undefined) continue
      for (const { startOffset, endOffset, count } of functions.flatMap(({ ranges }) => ranges)) {
        if (count > 0) ran.add(`${file}:${startOffset}-${endOffset}`)
      }
    }
    return ran
  }

  close(): void {
    this.#session.disconnect()
  }
}
