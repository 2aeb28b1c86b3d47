import type { PublishReply, PublishRequest } from '../store.js'
import { arm, toTail } from './line.js'
import type { QueueState } from './state.js'

/** Put IDs in, each at most once. An ID that comes twice in a batch meets itself: the second is a duplicate. */
export function publish(state: QueueState, request: PublishRequest, now: number): PublishReply {
  const { committed, totals } = state
  const fresh: string[] = []
  let verdicts = ''
  let reruns = 0
  for (const id of request.ids) {
    if (committed.has(id)) {
      const letter = judge(state, id)
      if (letter === 'r') reruns++
      verdicts += letter
    } else {
      committed.add(id)
      fresh.push(id)
      verdicts += revive(state, id) ? 'f' : 'q'
    }
  }
  totals.entered += fresh.length
  totals.published += request.ids.length
  totals.duplicates += request.ids.length - fresh.length - reruns
  if (fresh.length > 0) {
    toTail(state, fresh, Math.floor(now / 1000))
    arm(state)
  }
  return { verdicts, repeated: false }
}

/** What is committed already: discarded, and told where it is. A withdrawn run will not count, so one more is owed. */
function judge(state: QueueState, id: string): string {
  if (state.processing.has(id)) {
    if (!state.withdrawn.has(id)) return 'p'
    if (state.owed.has(id)) return 'o'
    state.owed.add(id)
    return 'r'
  }
  return state.delayed.has(id) ? 'y' : 'd'
}

/** Out of the failed; its count travels with it. */
function revive(state: QueueState, id: string): boolean {
  const times = state.failed.get(id)
  if (times === undefined) return false
  state.failures.set(id, times)
  state.failed.delete(id)
  state.failedAt.delete(id)
  return true
}
