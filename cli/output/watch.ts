const everyMs = 2_000

/** Does the work again and again until a signal ends it; people see the newest alone. */
export async function watch(
  work: () => Promise<void>,
  options: { clear: boolean; signal: AbortSignal },
): Promise<void> {
  const { clear, signal } = options
  while (!signal.aborted) {
    if (clear) process.stdout.write('\u001b[2J\u001b[H')
    await work()
    await pause(everyMs, signal)
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
