import { ConvoyError } from '../errors.js'
import { type Control, type ControlReply, LAYOUT, leavesDigest, type Messages } from '../store.js'
import { nudge } from './alarm.js'
import { clear } from './clear.js'
import { arm } from './line.js'
import { announce, newest, trim } from './news.js'
import type { QueueState } from './state.js'

/** What concerns the queue as a whole. */
export function control(state: QueueState, order: Control, now: number): ControlReply {
  const ms = Math.floor(now / 1000)
  const none = { count: 0, digest: '' }
  switch (order.order) {
    case 'open':
      return { count: 0, digest: open(state, order.digest, leavesDigest(order.role)) }
    case 'clear':
      return { count: clear(state, ms), digest: '' }
    case 'wake':
      wake(state, ms)
      return none
    case 'pause':
      if (!state.control.paused) {
        state.control.paused = true
        announce(state, ms, 'paused')
      }
      return none
    case 'resume':
      if (state.control.paused) resume(state, ms)
      return none
    case 'journal':
      journal(state, order.keep)
      return none
    case 'messages':
      return { ...none, messages: messages(state, order.from, order.limit) }
    case 'schedule':
      return { count: schedule(state, order) ? 1 : 0, digest: '' }
    case 'schedules':
      return { ...none, schedules: Array.from(state.schedules, ([id, { text, slot }]) => ({ id, text, slot })) }
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

/** The token goes back where something may be claimed, or where nobody who waits knows when. */
function wake(state: QueueState, ms: number): void {
  const { alarm, delayed } = state
  arm(state, ms)
  const comes = delayed.size > 0 || state.control.hold > ms
  if (comes && (alarm === null || alarm.until <= ms)) nudge(state)
}

function resume(state: QueueState, ms: number): void {
  state.control.paused = false
  // Who was told of a time may sleep on; whoever takes the token is told anew.
  state.alarm = null
  arm(state, ms)
  if (state.delayed.size > 0) nudge(state)
  announce(state, ms, 'resumed')
}

/** What happened while no journal was kept leaves a gap, which its readers see. */
function journal(state: QueueState, most: number): void {
  if (most > 0) state.totals.position = newest(state) + (state.control.journal === 0 ? 1 : 0)
  state.control.journal = most
  trim(state)
}

function messages({ events, totals }: QueueState, from: number, limit: number): Messages {
  const first = events.at(0)?.position ?? 0
  return {
    first,
    last: totals.position,
    texts: events.slice(Math.max(0, from - first), limit).map(({ text }) => text),
  }
}

/** A text that stands already keeps its slot. */
function schedule({ schedules }: QueueState, order: Control & { order: 'schedule' }): boolean {
  const { id, text, slot } = order
  if (text === null) return schedules.delete(id)
  if (schedules.get(id)?.text === text) return false
  schedules.set(id, { slot, text })
  return true
}
