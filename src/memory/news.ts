import type { MessageKind } from '../messages.js'
import type { QueueState } from './state.js'

/** What one verb has to tell. None is collected while nobody hears it and no journal is kept. */
export class News {
  readonly #ids = new Map<MessageKind, string[]>()

  static of(state: QueueState): News | undefined {
    return state.listening || state.control.journal > 0 ? new News() : undefined
  }

  add(kind: MessageKind, id: string): void {
    const ids = this.#ids.get(kind)
    if (ids === undefined) this.#ids.set(kind, [id])
    else ids.push(id)
  }

  /** As one message, the kinds in the order given; none when there is nothing to tell. */
  send(state: QueueState, ms: number, kinds: readonly MessageKind[]): void {
    const told = kinds.flatMap((kind) => {
      const ids = this.#ids.get(kind)
      return ids === undefined ? [] : [kind, ids]
    })
    if (told.length > 0) say(state, ms, told)
  }
}

/** A message about the queue as a whole. */
export function announce(state: QueueState, ms: number, kind: 'cleared' | 'paused' | 'resumed'): void {
  if (state.listening || state.control.journal > 0) say(state, ms, [kind, []])
}

function say(state: QueueState, ms: number, told: readonly unknown[]): void {
  const { events, control, totals } = state
  const position = ++totals.position
  const text = JSON.stringify([position, ms, ...told])
  if (state.listening) state.outbox.push(text)
  if (control.journal === 0) return
  events.push({ position, text })
  trim(state)
}

/** The position behind which the next message goes, also where that was lost and messages still stand. */
export function newest({ totals, events }: QueueState): number {
  return Math.max(totals.position, events.at(events.size - 1)?.position ?? 0)
}

/** The journal keeps its length. */
export function trim({ events, control }: QueueState): void {
  while (events.size > control.journal) events.shift()
}
