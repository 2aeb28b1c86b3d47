import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { blind } from './check/blind.js'
import { check } from './check/check.js'
import { Replay } from './check/replay.js'
import type { Allowance } from './check/rules.js'
import { merged } from './history.js'
import { LOAD } from './load.js'
import type { Load } from './part.js'
import { Random } from './random.js'
import type { Row } from './row.js'
import { Stage } from './stage.js'
import { Stopwatch } from './stopwatch.js'
import type { Tally } from './tally.js'
import { lasting } from './time.js'

export interface Dose {
  /** Rounds until so much time has passed; the row's own small number of rounds when undefined. */
  readonly minutes: number | undefined
  readonly seed: string
  /** Keep the histories also of rows that passed. */
  readonly keep: boolean
}

/** ms that a row may take beyond its dose: small doses of all rows end within it, and what hangs is told. */
const PATIENCE = 150_000

/** Plays one row and holds its history against the rules. */
export async function perform(row: Row, { minutes, seed, keep }: Dose): Promise<Tally> {
  const load = { ...LOAD, ...row.load }
  const allow = allowanceOf(row, load)
  const folder = mkdtempSync(join(tmpdir(), `convoy-chaos-${row.name}-`))
  const watch = new Stopwatch()
  const troubles: string[] = []
  const notes: string[] = []
  const scene = await row.open(minutes ?? 0)
  const stage = new Stage(scene, load, new Random(`${seed}/${row.name}`), folder)
  const over = new AbortController()
  const replay = new Replay()
  let rounds = 0
  const play = async (): Promise<void> => {
    await stage.begin()
    watch.lap('set-up')
    const until = minutes === undefined ? undefined : performance.now() + minutes * 60_000
    while (until === undefined ? rounds < row.rounds : performance.now() < until) await row.round(stage, ++rounds)
    watch.lap('rounds')
    await stage.end()
    if (scene.aof !== undefined) replayAll(replay, scene.aof)
  }
  try {
    const limit = (minutes ?? 0) * 60_000 + PATIENCE
    const late = lasting(limit, over.signal).then(() => {
      if (!over.signal.aborted) throw new Error(`not over after ${limit / 1_000} s`)
    })
    await Promise.race([play(), late])
  } catch (error) {
    troubles.push(`the row broke: ${error instanceof Error ? error.stack : String(error)}`)
  } finally {
    over.abort()
    await stage.clear()
    await scene.stop()
    watch.lap('drain')
  }
  const checked = await check(merged(stage.files), allow)
  const findings = { ...checked, breaches: [...checked.breaches, ...replay.breaches] }
  watch.lap('check')
  const tally = (): Tally => ({
    ...{
      row: row.name,
      seed,
      rounds,
      faults: findings.faults,
      kills: stage.kills,
      prefixes: stage.prefixes,
      undone: stage.undone,
      transactions: replay.transactions,
      findings,
    },
    ...{ troubles, notes, seconds: watch.laps },
  })
  if (findings.cutShort > 0) notes.push(`${findings.cutShort} times the next fault came before anything ran`)
  if (stage.undone > 0) notes.push(`${stage.undone} bytes of history were taken back`)
  // Where a row broke, that is all there is to say.
  if (troubles.length === 0) troubles.push(...blind(tally(), scene, stage.unseen))
  const unseen = findings.faults > 0 && findings.recoveries.length === 0 ? 'no recovery was seen' : undefined
  const blunt = troubles.length === 0 ? (row.toothless?.(tally()) ?? unseen) : undefined
  if (blunt !== undefined) troubles.push(`the fault did not bite: ${blunt}`)
  if (!keep && troubles.length === 0 && findings.breaches.length === 0) rmSync(folder, { recursive: true, force: true })
  else notes.push(`its history: ${folder}`)
  return tally()
}

/** `recovery <= lease + sweep + 1 s`, unless the row says why not. */
function allowanceOf({ allow }: Row, { lease, every, features }: Load): Allowance {
  return {
    exact: false,
    expiries: false,
    rollback: false,
    recovery: lease + every + 1_000,
    lease,
    ...(features ? { features } : {}),
    ...allow,
  }
}

/** The effects since the beginning: these files are never rewritten. */
function replayAll(replay: Replay, folder: string): void {
  const files = readdirSync(folder).filter((name) => name.endsWith('.incr.aof'))
  for (const name of files.sort()) replay.read(readFileSync(join(folder, name)))
}
