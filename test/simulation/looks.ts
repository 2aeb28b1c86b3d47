import { isDeepStrictEqual } from 'node:util'
import { type JobInfo, jobInfo } from '../../src/job-info.js'
import { inspect } from '../../src/memory/look.js'
import { emptyState, type QueueState } from '../../src/memory/model.js'
import type { Met } from '../../src/operator.js'
import { jsonSerializer } from '../../src/payload.js'
import type { Inspection, ListedState, Page } from '../../src/store.js'
import type { World } from './world.js'

/** What was known of an ID from one verb of the server on, until the next that changed it. */
interface Known {
  readonly order: number
  readonly seen: Inspection
}

/** Holds what `inspect()` and `list()` tell against all that was true between the call and its answer. */
export class Looks {
  readonly #world: World
  readonly #known = new Map<string, Known[]>()
  /** What the last of each was told from. */
  readonly #facts = new Map<string, readonly unknown[]>()

  constructor(world: World) {
    this.#world = world
  }

  /** The server has run its verb number `order`; `fresh`: IDs that it may not have known before. */
  changed(state: QueueState, order: number, fresh: readonly string[] = []): void {
    for (const id of fresh) if (!this.#known.has(id)) this.#known.set(id, [nothing(id)])
    for (const [id, known] of this.#known) {
      const facts = factsOf(state, id)
      if (this.#facts.get(id)?.every((fact, i) => fact === facts[i])) continue
      this.#facts.set(id, facts)
      const [seen] = inspect(state, [id], 0) as [Inspection]
      if (!same((known.at(-1) as Known).seen, seen)) known.push({ order, seen })
    }
  }

  /** `from` and `to`: what the server had done when the call was made, and when it was answered. */
  inspected(ids: readonly string[], infos: readonly JobInfo[], from: number, to: number): void {
    this.#world.hold(infos.length === ids.length, () => `inspect of ${ids.length} IDs tells of ${infos.length}`)
    for (const [i, id] of ids.entries()) {
      const possible = this.#between(id, from, to).flatMap(overTime)
      this.#world.count('inspections')
      if (possible.length > 1) this.#world.count('inspectionsOfChange')
      const told = infos[i]
      const wasSo = possible.some((seen) => isDeepStrictEqual(jobInfo(seen, jsonSerializer), told))
      this.#world.hold(wasSo, () => `inspect tells of ${id}: ${JSON.stringify(told)}, which it never was meanwhile`)
    }
  }

  /** A page that has room for all. */
  listed(state: ListedState, { ids, cursor }: Page, from: number, to: number): void {
    this.#world.count('lists')
    this.#world.hold(cursor === null, () => `a list of ${state} of ${ids.length} IDs goes on at ${cursor}`)
    this.#world.hold(new Set(ids).size === ids.length, () => `a list of ${state} names an ID twice: ${ids}`)
    for (const id of ids) {
      const ever = this.#between(id, from, to).some((seen) => seen.state === state)
      this.#world.count('listed')
      this.#world.hold(ever, () => `${id} is listed as ${state}, and was not meanwhile`)
    }
    for (const id of this.#known.keys()) {
      const always = this.#between(id, from, to).every((seen) => seen.state === state)
      this.#world.hold(!always || ids.includes(id), () => `${id} was ${state} all the time, and is not listed`)
    }
  }

  /** The state that each was met in. */
  met(what: string, ids: readonly string[], met: readonly Met[], from: number, to: number): void {
    this.#world.hold(met.length === ids.length, () => `${what} of ${ids.length} IDs tells of ${met.length}`)
    for (const [i, id] of ids.entries()) {
      const { id: its, was } = met[i] as Met
      // One of a batch that comes twice meets what the first has made of it, and that of the server's clock alone is not known here.
      const ever =
        this.#between(id, from, to).some(({ state }) => state === was) || was === 'absent' || was === 'remembered'
      this.#world.hold(its === id && ever, () => `${what} met ${its} as ${was}, which ${id} was not meanwhile`)
    }
  }

  /** All in a state were taken out of it. */
  emptied(what: string, state: ListedState, from: number, to: number): void {
    for (const id of this.#known.keys()) {
      const always = this.#between(id, from, to).every((seen) => seen.state === state)
      this.#world.hold(!always, () => `${id} was ${state} all the time, and ${what} left it there`)
    }
  }

  #between(id: string, from: number, to: number): Inspection[] {
    const known = this.#known.get(id) ?? [nothing(id)]
    return known
      .filter(({ order }, i) => order <= to && (known[i + 1]?.order ?? Number.POSITIVE_INFINITY) > from)
      .map(({ seen }) => seen)
  }
}

const nothing = (id: string): Known => ({ order: 0, seen: inspect(emptyState(), [id], 0)[0] as Inspection })

/** All that `inspect` looks at, where it is cheap to see that nothing has changed: nearly always. */
function factsOf(state: QueueState, id: string): readonly unknown[] {
  const { processing, delayed, remembered, lease, progress, withdrawn, owed } = state
  const { committed, failed, failures, tries, errors, priority, payload } = state
  const where = [committed.has(id), processing.score(id), delayed.score(id), failed.get(id), remembered.score(id)]
  const held = [lease.get(id), progress.get(id), withdrawn.has(id), owed.has(id)]
  const past = [tries.get(id), errors.get(id), failures.get(id), priority.get(id), payload.get(id)]
  return [...where, ...held, ...past]
}

/** What was remembered is forgotten by time alone. */
function overTime(seen: Inspection): Inspection[] {
  if (seen.state !== 'remembered') return [seen]
  const { forgetAt: _, ...rest } = seen
  return [seen, { ...rest, state: 'absent' }]
}

/** An inspection is flat. */
function same(a: Inspection, b: Inspection): boolean {
  const keys = Object.keys(b) as (keyof Inspection)[]
  return keys.length === Object.keys(a).length && keys.every((key) => a[key] === b[key])
}
