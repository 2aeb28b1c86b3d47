import type { Features } from '../part.js'
import type { Life, Publish, Run } from './life.js'
import type { Lives } from './lives.js'
import type { Breach } from './rules.js'

/** µs: the server counts in whole ms, and one of them may be cut off at each end. */
const CUT = 2_000

/**
 * K11: a publish that was promised a run is followed by one that sees its payload, or a newer one. K12: attempts are
 * counted one by one, none is lost and none is too many, and no run comes before its delay or its backoff is over.
 * K13: the result of the last run that ended well is kept.
 */
export function* tries(lives: Lives, features: Features): Generator<Breach> {
  for (const [id, life] of lives.ids) {
    yield* payloads(id, life)
    yield* delays(id, life)
    yield* attempts(lives, id, life, features)
    yield* results(lives, id, life, features)
  }
}

const isGuaranteed = ({ told }: Publish): boolean => typeof told === 'object' && told.guaranteed

function* payloads(id: string, { publishes, runs }: Life): Generator<Breach> {
  const byVersion = new Map(publishes.map((publish) => [publish.version, publish]))
  for (const { version, token } of runs) {
    if (!byVersion.has(version))
      yield { rule: 'K11', what: `${id} ran under ${token} with ${version}, never published` }
  }
  for (const publish of publishes.filter(isGuaranteed)) {
    // Answered before this one was sent, it was older.
    const seen = runs.some((run) => run.at > publish.at && (byVersion.get(run.version)?.until ?? 0) >= publish.at)
    const ran = runs.some((run) => run.at > publish.at)
    // That none ran at all is K1's business.
    if (ran && !seen) yield { rule: 'K11', what: `${id}: version ${publish.version} was promised a run, all saw older` }
  }
}

/** Of an ID that was published once, whose time no other publish can have changed. */
function* delays(id: string, { publishes, runs }: Life): Generator<Breach> {
  const [only, ...others] = publishes
  if (only === undefined || others.length > 0) return
  const early = runs.find((run) => run.at < only.at + only.delay * 1_000 - CUT)
  if (early)
    yield {
      rule: 'K12',
      what: `${id} ran ${Math.round((early.at - only.at) / 1_000)} ms after its publish, not ${only.delay}`,
    }
}

function* attempts(lives: Lives, id: string, life: Life, { attempts: most, backoff }: Features): Generator<Breach> {
  const runs = [...life.runs].sort((a, b) => a.epoch - b.epoch)
  for (const [i, run] of runs.entries()) {
    if (run.attempt > most) yield { rule: 'K12', what: `${id} was at attempt ${run.attempt} of ${most}` }
    const next = runs[i + 1]
    const retried = run.failed && run.attempt < most
    if (lives.excused(run)) {
      const may = [1, run.attempt, run.attempt + 1]
      if (next && !may.includes(next.attempt)) yield { rule: 'K12', what: gap(id, run, next) }
    } else if (retried) {
      if (!next) yield { rule: 'K12', what: `${id} failed at attempt ${run.attempt} of ${most}, and never ran again` }
      else if (next.attempt !== run.attempt + 1) yield { rule: 'K12', what: gap(id, run, next) }
      else if (next.at < run.until + backoff * 1_000 - CUT)
        yield { rule: 'K12', what: `${id} came back ${Math.round((next.at - run.until) / 1_000)} ms after it failed` }
    } else if (next && next.attempt !== 1) yield { rule: 'K12', what: gap(id, run, next) }
  }
}

const gap = (id: string, run: Run, next: Run): string => `${id}: attempt ${next.attempt} after ${run.attempt}`

function* results(lives: Lives, id: string, { runs }: Life, { keepResult }: Features): Generator<Breach> {
  if (keepResult === 0 || !lives.final) return
  const well = runs.filter((run) => !run.failed && run.until < Number.POSITIVE_INFINITY && !lives.excused(run))
  const last = well.reduce((latest, { epoch }) => Math.max(latest, epoch), 0)
  const kept = lives.final.results?.[id] ?? 0
  if (kept < last) yield { rule: 'K13', what: `${id}: the result of run ${last} is not kept, but of ${kept}` }
}
