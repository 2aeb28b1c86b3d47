import { randomBytes } from 'node:crypto'
import { parentPort, workerData } from 'node:worker_threads'
import { redisStore } from '../index.js'
import type { Store } from '../store.js'
import { BEAT, BEGAN, type Orders, type Report, type ThreadData } from './orders.js'
import { Renewals } from './renewals.js'

const { url, tls, name, prefix, lease, jobTimeout, shared } = workerData as ThreadData
const store: Store = redisStore({ url, ...(tls ? { tls } : {}) })({ name, prefix, tell: () => {} })
const renewals = new Renewals({ store, worker: randomBytes(16).toString('hex'), lease, shared })
/** How long the loop has stood still, ms; 0 when it turns. */
let still = 0
let renewing = false

parentPort?.on('message', (orders: Orders) => renewals.take(orders))

// The connection is made while there is time: in a stand-still there may not be.
store.control({ order: 'wake' }, { timeout: lease }).catch(() => {})

setInterval(() => {
  const silence = since(BEAT)
  if (silence < lease / 6) {
    if (still > 0) report({ kind: 'lag', ms: still })
    still = 0
    return
  }
  still = silence
  // Too long is too long: the handler that keeps the loop is over its time, and the leases may lapse. Those before it in the
  // same turn took time as well, but their own.
  const kept = Math.min(silence, since(BEGAN))
  if (renewing || renewals.size === 0 || (jobTimeout > 0 && kept > jobTimeout)) return
  renewing = true
  renewals
    .renew()
    .catch((error: unknown) => report({ kind: 'error', text: error instanceof Error ? error.message : String(error) }))
    .finally(() => {
      renewing = false
    })
}, lease / 12)

/** How long ago that was, ms. */
function since(instant: typeof BEAT | typeof BEGAN): number {
  return Number(process.hrtime.bigint() - Atomics.load(shared, instant)) / 1e6
}

function report(what: Report): void {
  parentPort?.postMessage(what)
}
