import type { Allowance } from './check/rules.js'
import type { Load } from './part.js'
import type { Scene } from './scene/scene.js'
import type { Stage } from './stage.js'
import type { Tally } from './tally.js'

/** One line of the fault matrix: one file. */
export interface Row<S extends Scene = Scene> {
  readonly name: string
  readonly fault: string
  readonly injection: string
  /** What must hold beyond K1 to K10, in a sentence. */
  readonly holds: string
  /** Rounds of the small dose. */
  readonly rounds: number
  readonly load?: Partial<Load>
  readonly allow?: Partial<Allowance>
  /** Why this machine cannot run it. */
  reason?(): string | undefined | Promise<string | undefined>
  /** `minutes` of a full dose; 0 of the small one. */
  open(minutes: number): Promise<S>
  /** One round: a fault, and the calm after it. */
  round(stage: Stage<S>, number: number): Promise<void>
  /** What is missing, where the injection itself cannot tell whether it bit: a fault that nobody felt proves nothing. */
  toothless?(tally: Tally): string | undefined
}

/** Erases the kind of scene: a row is opened and played with its own. */
export function row<S extends Scene>(one: Row<S>): Row {
  return one as unknown as Row
}
