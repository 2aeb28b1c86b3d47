import { scriptsFor } from '../../../src/redis/scripts.js'
import { until } from '../../support/until.js'
import { LOAD } from '../load.js'
import { queueOf } from '../part.js'
import { row } from '../row.js'
import { type Edited, edited } from '../scene/edited.js'
import { key, queueName } from '../scene/look.js'
import { tool } from '../scene/tools.js'
import type { Stage } from '../stage.js'

interface Crowded extends Edited {
  /** Claims that lapse at once. */
  readonly crowd: number
}

const SMALL = 20_000
const FULL = 100_000
const LEASE = 4_000
/** ms that a script may hold the server up for. */
const LONGEST = 10
/** Claims that are recovered and run again in a second, at least. */
const PACE = 5_000
/** ms from the deaths until all of a crowd have run again. */
const recovery = (crowd: number): number => LEASE + LOAD.every + 1_000 + (1_000 * crowd) / PACE

const names = new Map(Object.values(scriptsFor('chaos', queueName)).map(({ sha, name }) => [sha, name]))

/** Root may, where nobody has taken that right from it. */
function whyNotFirst(): string | undefined {
  try {
    tool('chrt', '--fifo', '1', 'true')
    return undefined
  } catch (error) {
    return String(error)
  }
}

/** A server that none of the processes holds up which it shares the machine with: what SLOWLOG tells is its own time. */
async function crowded(minutes: number): Promise<Crowded> {
  const scene = await edited()
  const pid = /process_id:(\d+)/.exec(await scene.cli('INFO', 'server'))?.[1] ?? ''
  // However many processes want a core, it goes first: priorities count for less between sessions.
  tool('chrt', '--fifo', '--pid', '1', pid)
  return { ...scene, crowd: minutes === 0 ? SMALL : FULL }
}

/** Puts them in as any publisher does, and waits until all are claimed: handlers hold them as long as their process lives. */
async function hold(stage: Stage<Crowded>, call: number): Promise<void> {
  const { scene, load } = stage
  const ids = Array.from({ length: scene.crowd }, (_, i) => `holds:${call}:${i}`)
  const { queue } = queueOf({ connect: scene.connect, queue: queueName, load })
  try {
    stage.note({ op: 'publish', phase: 'invoke', call, ids })
    const verdicts = await queue.publishMany(ids)
    const reply = verdicts.map(({ outcome, guaranteed, repeated = false }) => ({ outcome, guaranteed, repeated }))
    stage.note({ op: 'publish', phase: 'ok', call, reply })
  } finally {
    await queue.close()
  }
  const claimed = async (): Promise<boolean> =>
    (await scene.cli<number>('LLEN', key('queued'))) === 0 &&
    (await scene.cli<number>('ZCARD', key('processing'))) >= scene.crowd
  await until('all are claimed', claimed, 60_000)
}

/** All workers die at once, and as many others take their places. */
async function change(stage: Stage<Crowded>): Promise<void> {
  const all = stage.of('worker')
  await Promise.all(all.map((worker) => worker.kill()))
  for (const { part } of all) stage.note({ op: 'kill', phase: 'note', whom: part.proc })
  stage.kills += all.length
  await Promise.all(all.map(() => stage.spawn('worker').ready))
}

/** Calls of our scripts that Redis found too long. */
async function slow({ cli }: Crowded): Promise<string[]> {
  const log = await cli<[number, number, number, string[]][]>('SLOWLOG', 'GET', '-1')
  return log
    .filter(([, , , [command]]) => command === 'EVALSHA')
    .map(([, , micros, [, sha = '']]) => `${names.get(sha)} took ${micros / 1_000} ms`)
}

export const manyLapses = row({
  name: 'many-lapses',
  fault: `workers that hold ${SMALL} claims die, and all of these lapse at once (${FULL} in a full dose)`,
  injection: 'SIGKILL for all workers, once they have claimed so many, up to 400 in a step',
  holds: `no script takes longer than ${LONGEST} ms (SLOWLOG): they are recovered in batches, ${PACE} a second at least, and each runs once more`,
  rounds: 1,
  load: { publishers: 1, burst: 1, concurrency: 60_000, lease: LEASE },
  allow: { recovery: recovery(FULL) },
  reason: whyNotFirst,
  open: crowded,
  async round(stage, number) {
    const { scene } = stage
    await stage.calm(300)
    // With so many in them, a look at all places takes longer than any script of ours may.
    await scene.unseen(async () => {
      await scene.cli('CONFIG', 'SET', 'slowlog-log-slower-than', 1_000 * LONGEST)
      await scene.cli('SLOWLOG', 'RESET')
      await hold(stage, number)
      const few = async (): Promise<boolean> => (await scene.cli<number>('SCARD', key('committed'))) < scene.crowd / 100
      await Promise.all([change(stage), until('all have run again', few, recovery(scene.crowd))])
      const tooLong = await slow(scene)
      if (tooLong.length > 0) throw new Error(`too long: ${tooLong.join(', ')}`)
    })
  },
  toothless: ({ findings }) => (findings.jammed < SMALL ? `${findings.jammed} claims lapsed` : undefined),
})
