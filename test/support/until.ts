/**
 * Asks again until the answer is yes: only for what another process knows and tells by no event (gossip of a cluster, the
 * state of a failover). Whatever this process can be told is waited for on a latch. Fails after `deadline` ms, saying what for.
 */
export function until(what: string, ask: () => Promise<boolean>, deadline = 20_000): Promise<void> {
  const end = Date.now() + deadline
  let last: unknown
  return new Promise((resolve, reject) => {
    const attempt = async (): Promise<void> => {
      try {
        if (await ask()) return resolve()
        last = undefined
      } catch (error) {
        last = error
      }
      if (Date.now() > end) return reject(new Error(`gave up waiting: ${what}`, { cause: last }))
      setTimeout(() => void attempt(), 20)
    }
    void attempt()
  })
}
