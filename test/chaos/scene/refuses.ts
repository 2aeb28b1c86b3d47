import { until } from '../../support/until.js'

/** Resolves once the server refuses this so: the fault is there. */
export const refuses = (word: string, ask: () => Promise<unknown>): Promise<void> =>
  until(`the server refuses with ${word}`, () =>
    ask().then(
      () => false,
      (error: unknown) => String(error).includes(word),
    ),
  )
