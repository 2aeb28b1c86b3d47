import type { DedupePolicy } from '../policy.js'
import type { PublishReply, PublishRequest } from '../store.js'
import { lookAhead, nobodyKnows, nudge } from './alarm.js'
import { type Publishing, place } from './dedupe.js'
import { purge, resultOf } from './keepsakes.js'
import { arm, toTail } from './line.js'
import { News } from './news.js'
import type { QueueState } from './state.js'

/** Put IDs in, each at most once. An ID that comes twice in a batch meets itself: the second is a duplicate. */
export function publish(state: QueueState, request: PublishRequest, now: number): PublishReply {
  const ms = Math.floor(now / 1000)
  return isPlain(state, request) ? publishPlain(state, request.ids, ms) : publishEach(state, request, ms)
}

/** Neither asks for anything nor meets anything that only a slow look can tell. */
function isPlain(state: QueueState, { policy, traits }: PublishRequest): boolean {
  const { delayed, failed, withdrawn, owed, ghosts, remembered, control, listening } = state
  const met = delayed.size + failed.size + withdrawn.size + owed.size + ghosts.size + remembered.size
  const controlled = control.paused || control.hold > 0 || control.journal > 0
  return met === 0 && !controlled && !listening && traits === undefined && isDefault(policy)
}

function isDefault(policy: DedupePolicy): boolean {
  if (policy.processing !== 'discard') return false
  for (const knob in policy) if (knob !== 'processing' && policy[knob as keyof DedupePolicy] !== undefined) return false
  return true
}

function publishPlain(state: QueueState, ids: readonly string[], ms: number): PublishReply {
  const { committed, processing, totals } = state
  const fresh: string[] = []
  let verdicts = ''
  for (const id of ids) {
    if (committed.has(id)) {
      verdicts += processing.has(id) ? 'p' : 'd'
    } else {
      committed.add(id)
      fresh.push(id)
      verdicts += 'q'
    }
  }
  totals.entered += fresh.length
  totals.published += ids.length
  totals.duplicates += ids.length - fresh.length
  if (fresh.length > 0) {
    toTail(state, fresh, ms)
    arm(state, ms)
  }
  return { verdicts, repeated: false }
}

function publishEach(state: QueueState, { ids, policy, traits }: PublishRequest, ms: number): PublishReply {
  purge(state, ms)
  const before = lookAhead(state)
  const news = News.of(state)
  const epochs = policy.bind ? { epochs: ids.map((id) => epochOf(state, id)) } : {}
  const call: Publishing = { state, policy, ms, tail: new Set() }
  const letters = ids.map((id, at) => {
    const letter = place(call, id, traits?.[at] ?? {})
    const kind = KINDS[letter]
    if (kind !== undefined) news?.add(kind, id)
    // What is discarded beside a run is told of no other's time.
    const due = letter === 'p' ? 0 : (state.delayed.score(id) ?? state.owed.get(id)?.due ?? 0)
    return { letter, due, result: letter === 'm' ? resultOf(state, id, ms).result : null }
  })
  const count = (which: string): number => letters.filter(({ letter }) => which.includes(letter)).length
  const entered = count('qfwg')
  const published = ids.length - count('xzn')
  state.totals.entered += entered
  state.totals.published += published
  state.totals.duplicates += published - entered - count('r')

  toTail(state, [...call.tail], ms)
  if (call.tail.size > 0) arm(state, ms)
  if (nobodyKnows(state, before, ms)) nudge(state)
  news?.send(state, ms, ['queued', 'revived', 'duplicate'])
  return {
    verdicts: letters.map(({ letter }) => letter).join(''),
    ...(letters.some(({ due }) => due > 0) ? { dueAt: letters.map(({ due }) => due) } : {}),
    ...(letters.some(({ result }) => result !== null) ? { results: letters.map(({ result }) => result) } : {}),
    ...epochs,
    repeated: false,
  }
}

/** Of the run that is on, or of the last claim of any ID: what runs after this publish has a greater one. */
function epochOf({ lease, totals }: QueueState, id: string): number {
  const token = lease.get(id)
  return token === undefined ? totals.epoch : Number(token.replace('~', '').split(':')[0])
}

const KINDS: Readonly<Record<string, 'queued' | 'revived' | 'duplicate'>> = {
  q: 'queued',
  w: 'queued',
  f: 'revived',
  g: 'revived',
  ...Object.fromEntries([...'duyvprosmh'].map((letter) => [letter, 'duplicate' as const])),
}
