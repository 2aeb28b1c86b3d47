import type { PublishItem, Queue, Verdict } from '../../../src/index.js'
import type { Brought, Recorder, Told } from '../history.js'
import { ConvoyError, type Features, type Part } from '../part.js'
import { Random } from '../random.js'
import { lasting } from '../time.js'
import type { Role } from './role.js'

/** Calls under way at most: a server that is away must not fill our memory. */
const MOST_CALLS = 100
/** ms between two bursts, unless told. */
const BEAT = 20
/** IDs that everybody publishes again and again, unless told. */
const SHARED = 40
/** What has happened for certain when a publish rejects with one of these: nothing. */
const CERTAIN = ['UNAVAILABLE', 'REFUSED', 'AUTH_FAILED', 'CLOSED']

/** Publishes in bursts: mostly IDs of its own, each once; some that all publishers share; some whose handler throws. */
export function publisher(queue: Queue<unknown>, part: Part, recorder: Recorder): Role {
  const random = new Random(part.seed)
  const { sharedIds = SHARED, beat = BEAT } = part.load
  const calls = new Set<Promise<void>>()
  let call = 0
  let own = 0
  let versions = 0
  let stopping = false

  const id = (): string => {
    if (random.chance(part.load.shared)) return `shared:${random.between(1, sharedIds)}`
    return `${random.chance(0.03) ? 'fails' : 'own'}:${part.proc}:${++own}`
  }

  /** Its version is new; its priority is its own for ever, so that nothing is raised out of the line. */
  const brought = (one: string, { delay, priorities }: Features): Brought => ({
    version: `${part.proc}:${++versions}`,
    delay: delay > 0 && random.chance(0.3) ? random.between(1, delay) : 0,
    priority: priorities ? ([0, 0, 5, -3][one.length % 4] as number) : 0,
  })

  const publish = (ids: readonly string[]): void => {
    const number = ++call
    const brings = part.load.features && ids.map((one) => brought(one, part.load.features as Features))
    recorder.note({ op: 'publish', phase: 'invoke', call: number, ids, ...(brings ? { brings } : {}) })
    const [first] = ids
    const alone = ids.length === 1 && first !== undefined
    const items = brings ? ids.map((one, i) => itemOf(one, brings[i] as Brought)) : ids
    const sent: Promise<readonly Verdict[]> =
      alone && !brings ? queue.publish(first).then((one) => [one]) : queue.publishMany(items)
    const settled = sent.then(
      (verdicts) => recorder.note({ op: 'publish', phase: 'ok', call: number, reply: verdicts.map(told) }),
      (error: unknown) => {
        const code = error instanceof ConvoyError ? error.code : String(error)
        recorder.note({
          op: 'publish',
          phase: CERTAIN.includes(code) ? 'fail' : 'unknown',
          call: number,
          reply: code,
        })
      },
    )
    calls.add(settled)
    void settled.finally(() => calls.delete(settled))
  }

  const loop = async (): Promise<void> => {
    while (!stopping) {
      for (let i = random.between(0, part.load.burst); i > 0 && calls.size < MOST_CALLS; i--) publish([id()])
      if (random.chance(0.1) && calls.size < MOST_CALLS) publish(Array.from({ length: random.between(2, 20) }, id))
      await lasting(beat)
    }
    await Promise.all(calls)
  }

  return {
    pending: () => calls.size,
    start() {
      const looping = loop()
      return () => {
        stopping = true
        return looping
      }
    },
  }
}

const itemOf = (id: string, { version, delay, priority }: Brought): PublishItem<unknown> => ({
  ...{ id, payload: { version } },
  ...(delay > 0 ? { delay } : {}),
  ...(priority === 0 ? {} : { priority }),
})

const told = ({ outcome, guaranteed, repeated }: Verdict): Told => ({
  outcome,
  guaranteed,
  repeated: repeated === true,
})
