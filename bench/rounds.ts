import type { Answer } from './child.js'
import { median } from './figures.js'
import { Processes } from './processes.js'
import type { Address } from './server.js'
import type { System } from './system.js'
import type { Row, Work } from './work.js'

/** What one system showed in one row, or why there is nothing to show. */
export type Figure =
  | { readonly median: number; readonly min: number; readonly max: number; readonly jobs: number }
  | { readonly blank: string }

export interface Line {
  readonly row: Row
  /** By name of the system. */
  readonly figures: Readonly<Record<string, Figure>>
}

export interface Plan {
  readonly systems: readonly System[]
  readonly works: readonly Work[]
  readonly rounds: number
  readonly quick: boolean
  readonly address: Address
  readonly onProgress: (text: string) => void
}

/** The reason of those that a work was never meant for; tables pass them over. */
export const notAsked = 'not asked'

/**
 * Interleaved rounds: every system does a work before the next work begins, in as many turns as the work is split into, and
 * each round starts with another system, so that a slow minute of the machine is shared by all and no one is always first.
 */
export async function runRounds({
  systems,
  works,
  rounds,
  quick,
  address,
  onProgress,
}: Plan): Promise<readonly Line[]> {
  const answers = new Map<string, Answer[]>()
  const processes = new Processes({ kept: quick })
  for (let round = 0; round < rounds; round++) {
    for (const { work, turn, turns } of works.flatMap((each) => turnsOf(each, quick))) {
      for (let place = 0; place < systems.length; place++) {
        const system = systems[(place + round) % systems.length] as System
        const key = `${system.name} ${work.key}`
        const before = answers.get(key) ?? []
        // What failed once would fail again, and cost its patience each time.
        if (whyNot(system, work) || before.some((answer) => 'error' in answer)) continue
        const part = turns > 1 ? `, turn ${turn + 1} of ${turns}` : ''
        onProgress(`round ${round + 1} of ${rounds}: ${work.key} ${system.name}${part}`)
        const answer = await processes.ask({ system: system.name, work: work.key, address, quick, turn, turns })
        if ('error' in answer) onProgress(`${key} failed: ${answer.error}\n`)
        answers.set(key, [...before, answer])
      }
    }
  }
  processes.end()
  const figureOf = (system: System, work: Work, row: number) =>
    figure(whyNot(system, work), answers.get(`${system.name} ${work.key}`) ?? [], row)
  return works.flatMap((work) =>
    work.rows.map((row, at) => ({
      row,
      figures: Object.fromEntries(systems.map((system) => [system.name, figureOf(system, work, at)])),
    })),
  )
}

function turnsOf(work: Work, quick: boolean): { work: Work; turn: number; turns: number }[] {
  const turns = quick ? 1 : (work.turns ?? 1)
  return Array.from({ length: turns }, (_, turn) => ({ work, turn, turns }))
}

function whyNot(system: System, work: Work): string | undefined {
  if (work.needs && !system.can?.includes(work.needs)) return notAsked
  return system.lacks?.[work.key]
}

function figure(blank: string | undefined, answers: readonly Answer[], row: number): Figure {
  if (blank) return { blank }
  const values: number[] = []
  let jobs = 0
  for (const answer of answers) {
    if ('error' in answer) return { blank: `failed: ${answer.error.split('\n')[0]}` }
    values.push(answer.values[row] as number)
    jobs = answer.jobs
  }
  return { median: median(values), min: Math.min(...values), max: Math.max(...values), jobs }
}
