import type { MoveRequest, State } from '../store.js'
import { revive } from './dedupe.js'
import { arm, toTail } from './line.js'
import { stateOf } from './look.js'
import { News } from './news.js'
import type { QueueState } from './state.js'

/** Put failed or delayed IDs in line by hand; what is in another state stays there. */
export function move(state: QueueState, { ids, from }: MoveRequest, now: number): State[] {
  const ms = Math.floor(now / 1000)
  const news = News.of(state)
  const tail: string[] = []
  const met = ids.map((id) => {
    const was = stateOf(state, id, ms)
    if (was !== from) return was
    if (was === 'failed') {
      revive(state, id)
      state.committed.add(id)
      state.totals.entered++
    } else {
      state.delayed.delete(id)
    }
    tail.push(id)
    news?.add(was === 'failed' ? 'revived' : 'queued', id)
    return was
  })
  toTail(state, tail, ms)
  if (tail.length > 0) arm(state, ms)
  news?.send(state, ms, ['queued', 'revived'])
  return met
}
