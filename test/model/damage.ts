import fc from 'fast-check'
import type { QueueState } from '../../src/memory/model.js'
import type { Part } from '../../src/redis/keys.js'
import { IDS } from './moves.js'

/** What somebody does to the keys of a queue by hand; the same on both sides. */
export type Hit =
  | { readonly how: 'del'; readonly part: Exclude<Part, 'extras'> }
  | { readonly how: 'take' | 'put'; readonly part: Named; readonly id: string }

const NAMED = [
  'committed',
  'queued',
  'processing',
  'lease',
  'delayed',
  'failed',
  'failedAt',
  'failures',
  'errors',
  'tries',
  'withdrawn',
  'owed',
  'ghosts',
  'prioritized',
  'remembered',
  'payload',
  'priority',
  'since',
  'progress',
  'results',
  'kept',
] as const
type Named = (typeof NAMED)[number]

const WHOLE = [
  ...NAMED,
  'wake',
  'totals',
  'steps',
  'marks',
  'meta',
  'guard',
  'alarm',
  'control',
  'rate',
  'schedules',
  'events',
] as const

export const hits: fc.Arbitrary<Hit[]> = fc.array(
  fc.oneof(
    fc.record({ how: fc.constant('del' as const), part: fc.constantFrom(...WHOLE) }),
    fc.record({
      how: fc.constantFrom('take' as const, 'put' as const),
      part: fc.constantFrom(...NAMED),
      id: fc.constantFrom(...IDS.slice(0, 6), 'nobody'),
    }),
  ),
  { minLength: 1, maxLength: 4 },
)

/** What stands beside an ID that is put into a part. */
const TOKEN = '9:1700000000000:hand:1'
const SCORE = 1_700_000_000_500
const VALUES: Readonly<Record<Named, string>> = {
  committed: '',
  queued: '',
  processing: String(SCORE),
  lease: TOKEN,
  delayed: String(SCORE),
  failed: '2',
  failedAt: String(SCORE),
  failures: '2',
  errors: `${SCORE} {"by":"hand"}`,
  tries: '0:1',
  withdrawn: '',
  owed: '',
  ghosts: '',
  prioritized: String(-3 * 2 ** 40 + 7),
  remembered: String(SCORE),
  payload: 'by hand',
  priority: '-2',
  since: String(SCORE),
  progress: '"by hand"',
  results: '9 by hand',
  kept: String(SCORE),
}
const COMMANDS = {
  set: ['SADD', 'SREM'],
  zset: ['ZADD', 'ZREM'],
  hash: ['HSET', 'HDEL'],
} as const

/** What is kept of an ID goes by another name. */
function nameOf({ part, id }: Exclude<Hit, { how: 'del' }>): string {
  return part === 'results' || part === 'kept' ? `r${id}` : id
}

/** As a command, its key left out. */
export function commandOf(hit: Hit, types: Readonly<Record<Part, string>>): [command: string, ...args: string[]] {
  if (hit.how === 'del') return ['DEL']
  const { part, how } = hit
  const id = nameOf(hit)
  if (part === 'queued') return how === 'put' ? ['RPUSH', id] : ['LREM', '0', id]
  const type = types[part] as keyof typeof COMMANDS
  const [put, take] = COMMANDS[type]
  if (how === 'take') return [take, id]
  if (type === 'set') return [put, id]
  return type === 'zset' ? [put, VALUES[part], id] : [put, id, VALUES[part]]
}

export function hitModel(state: QueueState, hit: Hit): void {
  if (hit.how === 'del') {
    drop(state, hit.part)
    return
  }
  const { part, how } = hit
  const id = nameOf(hit)
  if (part === 'queued') {
    const line = state.queued.slice()
    state.queued.clear()
    for (const one of how === 'put' ? [...line, id] : line.filter((entry) => entry !== id)) state.queued.push(one)
    return
  }
  if (how === 'take') {
    state[part].delete(id)
    return
  }
  switch (part) {
    case 'committed':
    case 'withdrawn':
    case 'ghosts':
      state[part].add(id)
      return
    case 'owed':
      state.owed.set(id, { superseded: false, due: null, priority: 0, payload: undefined })
      return
    case 'processing':
    case 'delayed':
    case 'failedAt':
    case 'remembered':
    case 'since':
    case 'kept':
      state[part].set(id, SCORE)
      return
    case 'failed':
    case 'failures':
      state[part].set(id, 2)
      return
    case 'lease':
    case 'tries':
    case 'payload':
    case 'progress':
    case 'results':
      state[part].set(id, VALUES[part])
      return
    case 'prioritized':
    case 'priority':
      state[part].set(id, Number(VALUES[part]))
      return
    case 'errors':
      state.errors.set(id, { ms: SCORE, text: '{"by":"hand"}' })
  }
}

function drop(state: QueueState, part: Exclude<Part, 'extras'>): void {
  switch (part) {
    case 'wake':
      state.wake = 0
      return
    case 'totals':
      for (const name of Object.keys(state.totals)) state.totals[name as keyof typeof state.totals] = 0
      return
    case 'meta':
      Object.assign(state.meta, { layout: '', digest: '' })
      return
    case 'guard':
      Object.assign(state.guard, { holder: '', until: 0, at: 0, grace: 0 })
      return
    case 'alarm':
      state.alarm = null
      return
    case 'control':
      Object.assign(state.control, { paused: false, hold: 0, holder: '', journal: 0 })
      return
    case 'rate':
      state.rate = null
      return
    case 'listening':
      state.listening = false
      return
    default:
      state[part].clear()
  }
}
