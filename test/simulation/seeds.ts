import { REGRESSIONS } from './regressions.js'
import { type Mode, type Report, Simulation } from './simulation.js'
import type { Tally } from './world.js'

/**
 * Seeds in each mode: 5,000 in CI, a thousand at a desk (what is seldom is not seen in fewer), `SIM_SEEDS` if given. `SIM_SEED`
 * plays one, and tells its whole trace.
 */
const [ONE, MANY] = [process.env['SIM_SEED'], process.env['SIM_SEEDS']]
export const SEEDS = ONE === undefined ? Number(MANY ?? (process.env['CI'] ? 5_000 : 1_000)) : 1
const FIRST = Number(ONE ?? 1)

/** Lines of the trace that a failure shows. */
const SHOWN = 80

export interface Sum {
  readonly tally: Tally
  /** The longest recovery, of what it may take, 0 to 1. */
  readonly recovery: number
}

/** Those that failed once come first. */
function seedsOf(mode: Mode): number[] {
  const some = Array.from({ length: SEEDS }, (_, i) => FIRST + i)
  if (ONE !== undefined) return some
  return [...REGRESSIONS.filter((one) => one.mode === mode).map(({ seed }) => seed), ...some]
}

/** Plays all seeds, up to the first that breaks a law: it is played again, and told with its trace. */
export async function playSeeds(mode: Mode): Promise<Sum> {
  const tally: Tally = {}
  let recovery = 0
  // Errors are many here, and nobody reads where they were made.
  const depth = Error.stackTraceLimit
  Error.stackTraceLimit = 0
  for (const seed of seedsOf(mode)) {
    const report = await new Simulation(seed, mode, ONE !== undefined).run()
    // The trace that was asked for.
    if (ONE !== undefined) console.log(report.trace.join('\n'))
    if (report.broken) throw await told(seed, mode, report)
    for (const [what, times] of Object.entries(report.tally)) tally[what] = (tally[what] ?? 0) + times
    recovery = Math.max(recovery, report.recovery)
  }
  Error.stackTraceLimit = depth
  const { runs = 0, claims = 0, jams = 0 } = tally
  console.log(`${mode}: ${SEEDS} seeds played; ${claims} claims, ${runs} runs, ${jams} jams, and no law broken`)
  return { tally, recovery }
}

async function told(seed: number, mode: Mode, { broken }: Report): Promise<Error> {
  const again = await new Simulation(seed, mode, true).run()
  const last = again.trace.slice(-SHOWN).join('\n')
  const how = `SIM_SEED=${seed} npx vitest run test/simulation/${mode}.test.ts`
  const before = REGRESSIONS.find((one) => one.seed === seed && one.mode === mode)
  const was = before ? ` (once: ${before.was})` : ''
  return new Error(`seed ${seed}${was}: ${broken?.message}\nthe whole trace: ${how}\n${last}`, { cause: broken })
}

/** What is missing of what must have happened, per 1,000 seeds, for a sweep not to be idle. */
export function shortfalls(tally: Tally, floors: Tally): string[] {
  // Of one seed nothing can be asked.
  if (SEEDS < 500) return []
  return Object.entries(floors).flatMap(([what, floor]) => {
    const least = Math.floor((floor * SEEDS) / 1_000)
    const is = tally[what] ?? 0
    return is >= least ? [] : [`${what}: ${is}, not ${least}`]
  })
}
