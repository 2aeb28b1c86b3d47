import { BaseSequencer, type TestSpecification } from 'vitest/node'

/**
 * Files that take longest, in that order: by default a project comes after the other, and its largest files first, so
 * that the simulations, two small files of some minutes each, would run alone at the end. Where vitest knows better, from
 * the run before, it still takes these first: what they take hardly changes.
 */
export const LONGEST: readonly string[] = [
  'simulation/liveness.test.ts',
  'simulation/safety.test.ts',
  'store.test.ts',
  'model/side-by-side.test.ts',
  'explorer/side-by-side.test.ts',
  'audit/by-hand.test.ts',
  'events-log/failover.test.ts',
  'audit/damage.test.ts',
  'connections/roles.test.ts',
  'queue/come-and-gone.test.ts',
  'connections/classes-groups.test.ts',
  'valkey.test.ts',
  'connections/durability-everysec.test.ts',
  'explorer/model.unit.test.ts',
  'connections/durability.test.ts',
  'docs/program.test.ts',
  'connections/durability-groups.test.ts',
  'connections/classes.test.ts',
  'docs/examples.unit.test.ts',
  'audit/million.test.ts',
  'connections/slot-moves.test.ts',
  'model/laws.unit.test.ts',
  'connections/sentinel-failover.test.ts',
]

/** The longest begin first, whatever project they are of, so that none of them is left to run alone. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const usual = await super.sort(files)
    return inOrder(usual, ({ moduleId }) => moduleId)
  }
}

/** The rest stays as it was. */
export function inOrder<T>(files: readonly T[], pathOf: (file: T) => string): T[] {
  const place = (file: T): number => {
    const at = LONGEST.findIndex((one) => pathOf(file).endsWith(`/test/${one}`))
    return at === -1 ? LONGEST.length : at
  }
  return files.toSorted((a, b) => place(a) - place(b))
}
