/** Something that runs in the background until it is closed; `close` resolves once it has ended. */
export interface Background {
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** A loop as a Background: a function with an AbortSignal is the only way to start it, aborting the only way to stop it. */
export function background(loop: (signal: AbortSignal) => Promise<void>, ended: (it: Background) => void): Background {
  const controller = new AbortController()
  const running = loop(controller.signal)
  const it: Background = {
    async close() {
      controller.abort()
      await running
      ended(it)
    },
    [Symbol.asyncDispose]: () => it.close(),
  }
  return it
}
