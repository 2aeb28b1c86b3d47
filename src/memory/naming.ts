import { NAMING, type Naming } from '../audit-verbs.js'
import type { QueueState } from './state.js'

/** A part that names IDs, whatever it keeps of them. */
export interface Part {
  readonly name: Naming
  readonly size: number
  has(id: string): boolean
}

export function partsOf(state: QueueState): Part[] {
  return NAMING.map((name) => {
    const part = state[name]
    return { name, size: part.size, has: (id) => part.has(id) }
  })
}

/** The priority that a place among the prioritized stands for; 0 where no verb has given it. */
export function rankOf(score: number): number {
  const rank = Math.floor(0.5 - score / 2 ** 40)
  return Math.abs(rank) <= 1000 ? rank : 0
}

export function namesIn(state: QueueState, name: Naming): string[] {
  const part = state[name]
  return 'keys' in part ? [...part.keys()] : part.slice()
}
