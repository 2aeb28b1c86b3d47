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

export function namesIn(state: QueueState, name: Naming): string[] {
  const part = state[name]
  return 'keys' in part ? [...part.keys()] : part.slice()
}
