import { randomBytes } from 'node:crypto'
import { parentPort, workerData } from 'node:worker_threads'
import { redisStore } from '../index.js'
import type { Store } from '../store.js'
import { groups } from '../worker/outbox.js'
import { BEAT, BEGAN, type Orders, RENEWED, type Report, type ThreadData } from './orders.js'

const { url, tls, name, prefix, lease, jobTimeout, shared } = workerData as ThreadData
/** IDs in one step at most. */
const MOST = 1_000

const tokens = new Map<string, string>()
const store: Store = redisStore({ url, ...(tls ? { tls } : {}) })({ name, prefix, tell: () => {} })
const worker = randomBytes(16).toString('hex')
let number = 0
/** How long the loop has stood still, ms; 0 when it turns. */
let still = 0
let renewing = false

parentPort?.on('message', ({ held, ended }: Orders) => {
  for (const [id, token] of ended) if (tokens.get(id) === token) tokens.delete(id)
  if (held) for (const id of held.ids) tokens.set(id, held.token)
})

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
  if (renewing || tokens.size === 0 || (jobTimeout > 0 && kept > jobTimeout)) return
  renewing = true
  renewAll()
    .catch((error: unknown) => report({ kind: 'error', text: error instanceof Error ? error.message : String(error) }))
    .finally(() => {
      renewing = false
    })
}, lease / 12)

async function renewAll(): Promise<void> {
  const sent = process.hrtime.bigint()
  const all = Array.from(tokens, ([id, token]) => ({ id, token }))
  for (let at = 0; at < all.length; at += MOST) {
    const renew = groups(all.slice(at, at + MOST))
    const rest = { keepFailed: 0, settle: [], started: [], claim: 0, slots: 0, leaving: false }
    const request = { worker, number: ++number, lane: 0, lease, renew, ...rest } as const
    const { renewed } = await store.step(request, { timeout: lease })
    // What is not ours any more the worker hears from its own next renewal.
    const held = renew.flatMap(({ token, ids }) => ids.map((id) => [id, token] as const))
    for (const [i, [id, token]] of held.entries()) if (renewed[i] === '0' && tokens.get(id) === token) tokens.delete(id)
  }
  Atomics.store(shared, RENEWED, sent)
}

/** How long ago that was, ms. */
function since(instant: typeof BEAT | typeof BEGAN): number {
  return Number(process.hrtime.bigint() - Atomics.load(shared, instant)) / 1e6
}

function report(what: Report): void {
  parentPort?.postMessage(what)
}
