import { owedText } from '../../src/memory/owed.js'
import { checkWorld } from './laws.js'
import { movesOf } from './moves.js'
import { nameOf } from './names.js'
import type { Call } from './server.js'
import { firstWorld, type Scope, type World } from './world.js'

export interface Found {
  readonly states: number
  readonly transitions: number
  /** The longest way by which a state was reached first. */
  readonly depth: number
  /** States in which nothing is left to do. */
  readonly rests: number
}

export interface SearchOptions {
  /** Told of every call the server ran, and of the way that led there. */
  readonly heard?: (call: Call, way: () => readonly number[]) => void
  /** Ends the search there; what was not seen is not held against it. */
  readonly most?: number
}

/** The shortest way to a broken law, as numbers of moves: `replay` walks it again. */
export class Counterexample extends Error {
  readonly way: readonly number[]

  constructor(scope: Scope, way: readonly number[], law: string) {
    super(`${law}\n${tell(scope, way).join('\n')}\nto walk it again: npm run explore -- ${scope.name}:${way.join('.')}`)
    this.name = 'Counterexample'
    this.way = way
  }
}

/**
 * Breadth first through every state that the scope's moves lead to, each once. Throws the shortest way to a broken law;
 * then, that from every state the queue can still come to rest with no more faults: nothing lost, nothing stuck, every
 * promise kept (L4).
 */
export function search(scope: Scope, { heard = () => {}, most = Number.POSITIVE_INFINITY }: SearchOptions = {}): Found {
  const seen = new Map<string, number>()
  const parents: number[] = []
  const choices: number[] = []
  /** From where to where without a fault, two by two. */
  const edges: number[] = []
  const resting: number[] = []
  let transitions = 0
  let depth = 0

  const wayTo = (state: number): number[] => {
    const way: number[] = []
    for (let at = state; at > 0; at = parents[at] as number) way.push(choices[at] as number)
    return way.reverse()
  }
  const enter = (world: World, parent: number, choice: number): number => {
    const state = parents.length
    parents.push(parent)
    choices.push(choice)
    if (rests(world)) resting.push(state)
    return state
  }

  const first = firstWorld(scope)
  seen.set(nameOf(first), enter(first, -1, -1))
  let level: [number, World][] = [[0, first]]
  while (level.length > 0) {
    const next: [number, World][] = []
    for (const [state, world] of level) {
      let choice = 0
      const way = (): number[] => [...wayTo(state), choice]
      const moves = movesOf(world, scope, (call) => {
        const at = choice
        heard(call, () => [...wayTo(state), at])
      })
      for (const move of moves) {
        transitions++
        let to: World
        try {
          to = move.play().world
          checkWorld(to)
        } catch (error) {
          throw new Counterexample(scope, way(), (error as Error).message)
        }
        const name = nameOf(to)
        let known = seen.get(name)
        if (known === undefined) {
          known = enter(to, state, choice)
          seen.set(name, known)
          next.push([known, to])
        }
        if (!move.fault) edges.push(state, known)
        choice++
      }
      if (parents.length > most) return { states: parents.length, transitions, depth, rests: resting.length }
    }
    if (next.length > 0) depth++
    level = next
  }
  const stuck = firstStuck(parents.length, edges, resting)
  if (stuck >= 0) throw new Counterexample(scope, wayTo(stuck), 'L4: from here the queue never comes to rest')
  return { states: parents.length, transitions, depth, rests: resting.length }
}

/** Nothing is held by the queue, on its way, or promised. */
function rests({ server, workers, unsure, promises }: World): boolean {
  const busy = workers.some(({ flights, held }) => flights.length + held.size > 0)
  return server.committed.size === 0 && !busy && unsure === null && promises.size === 0
}

/** The first state from which no way of these leads to a state of rest, or -1. */
function firstStuck(states: number, edges: readonly number[], resting: readonly number[]): number {
  // Backwards from rest: for each state a chain of the edges that lead to it.
  const last = new Int32Array(states).fill(-1)
  const before = new Int32Array(edges.length / 2)
  for (let edge = 0; edge < before.length; edge++) {
    const to = edges[2 * edge + 1] as number
    before[edge] = last[to] as number
    last[to] = edge
  }
  const safe = new Uint8Array(states)
  const stack = [...resting]
  for (const state of resting) safe[state] = 1
  for (let state = stack.pop(); state !== undefined; state = stack.pop()) {
    for (let edge = last[state] as number; edge >= 0; edge = before[edge] as number) {
      const from = edges[2 * edge] as number
      if (safe[from] === 1) continue
      safe[from] = 1
      stack.push(from)
    }
  }
  return safe.indexOf(0)
}

/** A way, move by move, with what the server held after each. */
export function tell(scope: Scope, way: readonly number[]): string[] {
  const lines: string[] = []
  let world = firstWorld(scope)
  for (const [nth, choice] of way.entries()) {
    const move = movesOf(world, scope)[choice]
    if (move === undefined) throw new Error(`step ${nth + 1}: there is no move ${choice}`)
    try {
      const { world: next, says } = move.play()
      world = next
      lines.push(`${String(nth + 1).padStart(3)}. ${move.label}${says && `: ${says}`}`, `     ${holds(world)}`)
      checkWorld(world)
    } catch (error) {
      lines.push(`${String(nth + 1).padStart(3)}. ${move.label}`, `     BREAKS ${(error as Error).message}`)
      return lines
    }
  }
  return lines
}

function holds({ server, now }: World): string {
  const ms = Math.floor(now / 1_000)
  const { queued, processing, delayed, lease, ghosts, owed, withdrawn, failed, prioritized, remembered, payload } =
    server
  const parts = {
    queued: queued.slice().map((id) => (ghosts.has(id) ? `(${id})` : id)),
    processing: processing.slice().map((id) => `${id} by ${lease.get(id)} for ${(processing.score(id) ?? 0) - ms} ms`),
    delayed: delayed.slice().map((id) => `${id} for ${(delayed.score(id) ?? 0) - ms} ms`),
    prioritized: prioritized.slice(),
    payload: Array.from(payload, ([id, text]) => `${id} ${text}`),
    owed: Array.from(owed, ([id, run]) => `${id} ${owedText(run)}`),
    remembered: remembered.slice(),
    withdrawn: [...withdrawn],
    failed: [...failed.keys()],
  }
  const full = Object.entries(parts).filter(([, ids]) => ids.length > 0)
  return full.length === 0 ? 'empty' : full.map(([what, ids]) => `${what}: ${ids.join(', ')}`).join(' · ')
}
