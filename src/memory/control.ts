import { ConvoyError } from '../errors.js'
import { type Control, type ControlReply, LAYOUT, leavesDigest } from '../store.js'
import { arm } from './line.js'
import type { QueueState } from './state.js'

/** What concerns the queue as a whole. */
export function control(state: QueueState, order: Control): ControlReply {
  switch (order.order) {
    case 'open':
      return { count: 0, digest: open(state, order.digest, leavesDigest(order.role)) }
    case 'clear':
      return { count: clear(state), digest: '' }
    case 'wake':
      arm(state)
      return { count: 0, digest: '' }
  }
}

function open({ meta }: QueueState, digest: string, leave: boolean): string {
  const { layout, digest: was } = meta
  if (layout !== '' && layout !== String(LAYOUT)) {
    throw new ConvoyError(
      'WRONG_LAYOUT',
      `this queue has layout ${layout}, this version of convoy-queue writes ${LAYOUT}`,
    )
  }
  if (was === digest) return ''
  if (!leave) return was
  meta.layout = String(LAYOUT)
  meta.digest = digest
  return was
}

/** Withdraw all that waits and forget all failures; what is processing goes on, with nothing owed. */
function clear(state: QueueState): number {
  const { totals } = state
  const waiting = state.committed.size - state.processing.size
  const count = waiting + state.failed.size + state.owed.size
  totals.left += waiting
  totals.withdrawn += count
  totals.taken += state.queued.size
  state.wake = 0
  state.queued.clear()
  state.committed.clear()
  state.delayed.clear()
  state.failed.clear()
  state.failedAt.clear()
  state.failures.clear()
  state.errors.clear()
  state.tries.clear()
  state.owed.clear()
  state.ghosts.clear()
  for (const id of state.processing.slice()) state.committed.add(id)
  return count
}
