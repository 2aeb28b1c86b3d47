import type { State, WithdrawRequest } from '../store.js'
import { dropBaggage } from './baggage.js'
import { drop } from './keepsakes.js'
import { arm } from './line.js'
import { stateOf } from './look.js'
import { News } from './news.js'
import { letPass } from './places.js'
import type { QueueState } from './state.js'

/** Take IDs out by hand, wherever they are or `from` one state; a processing one is marked and ends at its next settle or sweep. */
export function withdraw(state: QueueState, { ids, from }: WithdrawRequest, now: number): State[] {
  const ms = Math.floor(now / 1000)
  const news = News.of(state)
  const { holder } = state.control
  let passes = false
  const met = ids.map((id) => {
    const was = stateOf(state, id, ms)
    if (from !== undefined && was !== from) return was
    takeOut(state, id, was)
    passes ||= was === 'queued' && id === holder
    state.failures.delete(id)
    state.errors.delete(id)
    state.tries.delete(id)
    state.since.delete(id)
    // A run owed was promised to its publisher: its withdrawal is recorded too.
    if (state.owed.delete(id)) state.totals.withdrawn++
    if (was !== 'absent') news?.add('withdrawn', id)
    return was
  })
  // The line stood for it alone.
  if (passes) {
    letPass(state)
    arm(state, ms)
  }
  news?.send(state, ms, ['withdrawn'])
  return met
}

function takeOut(state: QueueState, id: string, was: State): void {
  const { totals } = state
  switch (was) {
    case 'absent':
      return
    case 'processing':
      // What it has with it stays with its handler.
      if (!state.withdrawn.has(id)) totals.withdrawn++
      state.withdrawn.add(id)
      return
    case 'failed':
      state.failed.delete(id)
      state.failedAt.delete(id)
      break
    case 'remembered':
      state.remembered.delete(id)
      drop(state, `r${id}`)
      break
    case 'delayed':
      state.delayed.delete(id)
      totals.left++
      break
    case 'queued':
      // The entry stays in the line, and its mark tells a later publish to take it over: no list is searched.
      if (!state.prioritized.delete(id)) state.ghosts.add(id)
      totals.left++
  }
  state.committed.delete(id)
  dropBaggage(state, id)
  totals.withdrawn++
}
