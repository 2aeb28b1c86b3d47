import type { Check, Mutant } from './mutant.js'

/** Seconds that a bug takes to be found, by the kind of check, in the order of their names; measured, and only for the order. */
const SECONDS: readonly (readonly [kind: RegExp, seconds: number])[] = [
  [/\.unit\.test\.ts$/, 4],
  [/^test\/store\.test\.ts$/, 9],
  [/^test\/simulation\/safety/, 15],
  [/^test\/simulation\/liveness/, 19],
  [/^test\/explorer\//, 17],
  [/^test\/chaos\//, 30],
  [/^test\/(?:queue|wait)\//, 10],
]
const OTHERS = 12

const secondsOf = ({ check }: Mutant): number => SECONDS.find(([kind]) => kind.test(check.file))?.[1] ?? OTHERS

/** The cheapest first: what is wrong with the whole is seen soon. */
export function cheapestFirst(mutants: readonly Mutant[]): Mutant[] {
  return mutants.toSorted((a, b) => secondsOf(a) - secondsOf(b))
}

export interface Part {
  /** From 1 on. */
  readonly number: number
  readonly of: number
}

/** `2/3`; undefined when it is none. */
export function readPart(text: string): Part | undefined {
  const [, number = 0, of = 0] = (/^(\d+)\/(\d+)$/.exec(text) ?? []).map(Number)
  return number >= 1 && number <= of ? { number, of } : undefined
}

/** Leases and deadlines of real processes: what else runs meanwhile would look like a fault. */
export const isAlone = ({ check }: Pick<Mutant, 'check'>): boolean => check.project === 'chaos'

/**
 * One of several parts that take about as long; together they are all, each once. Bugs of one file of tests stay together,
 * as that has to be seen green on the sound copy first. What has to be alone is dealt out by itself: its time comes on
 * top of that of all else.
 */
export function partOf(mutants: readonly Mutant[], part: Part): Mutant[] {
  const others = mutants.filter((one) => !isAlone(one))
  return [...dealt(others, part), ...dealt(mutants.filter(isAlone), part)]
}

function dealt(mutants: readonly Mutant[], { number, of }: Part): Mutant[] {
  const files = new Map<string, Mutant[]>()
  for (const mutant of mutants) files.set(mutant.check.file, [...(files.get(mutant.check.file) ?? []), mutant])
  const seconds = (some: readonly Mutant[]): number => some.reduce((sum, one) => sum + secondsOf(one), 0)
  const parts = Array.from({ length: of }, (): Mutant[] => [])
  for (const group of [...files.values()].toSorted((a, b) => seconds(b) - seconds(a))) {
    const least = parts.reduce((a, b) => (seconds(b) < seconds(a) ? b : a))
    least.push(...group)
  }
  return parts[number - 1] ?? []
}

/** One check per file, that asks for all that any mutant asks of it. */
export function together(all: readonly Check[]): Check[] {
  const byFile = new Map(all.map((check) => [check.file, check]))
  return [...byFile.values()].map((one) => {
    const same = all.filter(({ file }) => file === one.file)
    const patterns = new Set(same.map(({ tests }) => tests))
    const seeds = Math.max(0, ...same.map(({ seeds = 0 }) => seeds))
    return { ...one, ...(seeds > 0 ? { seeds } : {}), tests: patterns.has('') ? '' : [...patterns].join('|') }
  })
}
