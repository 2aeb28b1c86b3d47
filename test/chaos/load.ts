import type { Load } from './part.js'

/** How hard everybody works, unless a row says otherwise. */
export const LOAD: Load = {
  publishers: 2,
  workers: 2,
  guards: 1,
  burst: 2,
  concurrency: 5,
  prefetch: 0,
  work: 60,
  // Long against the harness's own stalls on two busy cores.
  lease: 2_000,
  every: 400,
  replyTimeout: 1_500,
  publishTimeout: 10_000,
  shared: 0.2,
}
