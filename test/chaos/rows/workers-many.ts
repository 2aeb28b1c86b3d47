import { until } from '../../support/until.js'
import { row } from '../row.js'
import { key } from '../scene/look.js'
import { type Single, single } from '../scene/single.js'
import type { Stage } from '../stage.js'

const PROCESSES = 2
const EACH = 500
/** ms; an idle worker asks once in a third of it. */
const LEASE = 9_000
const ASKS = LEASE / 3
/** Scripts that a publish may cost: itself, the claim it wakes, the end of that, and the next question of the one it woke. */
const A_PUBLISH = 5

interface Cost {
  readonly scripts: number
  readonly waits: number
  readonly entered: number
  readonly ms: number
}

/** What the processes have sent while this went on. The harness's own looks are other commands. */
async function during({ scene, load }: Stage<Single>, work: () => Promise<unknown>): Promise<Cost> {
  const count = async (): Promise<Cost> => {
    const stats = await scene.cli('INFO', 'commandstats')
    const calls = (name: string): number =>
      Number(new RegExp(`^cmdstat_${name}:calls=(\\d+)`, 'm').exec(stats)?.[1] ?? 0)
    const entered = Number(await scene.cli('HGET', key('totals'), 'entered'))
    return { scripts: calls('evalsha'), waits: calls('blpop'), entered, ms: performance.now() }
  }
  const before = await count()
  await work()
  const after = await count()
  const ms = after.ms - before.ms
  // One guard sweeps as well.
  const scripts = after.scripts - before.scripts - Math.floor(ms / load.every)
  return { scripts, waits: after.waits - before.waits, entered: after.entered - before.entered, ms }
}

/** How many connections are in a wait. */
async function waiting({ scene }: Stage<Single>): Promise<number> {
  return Number(/blocked_clients:(\d+)/.exec(await scene.cli('INFO', 'clients'))?.[1])
}

export const workersMany = row({
  name: 'workers-many',
  fault: `10,000 slots of ${PROCESSES * EACH} workers wait on one queue, which is empty, and then gets a job now and then`,
  injection: `${PROCESSES} processes with ${EACH} calls of process() each, concurrency 10, which share their process's sockets: more processes than cores would measure the machine; the publisher is stopped (SIGSTOP) and goes on`,
  holds: `idle, no more than one wait is open per process, and a worker asks once in a third of its lease; a publish wakes one worker: at most ${A_PUBLISH} scripts more, not one for each that waits`,
  rounds: 1,
  load: {
    ...{ publishers: 1, burst: 1, beat: 100, shared: 0 },
    ...{ workers: PROCESSES, workersEach: EACH, concurrency: 10, lease: LEASE },
  },
  allow: { exact: true },
  open: () => single('everysec'),
  async round(stage) {
    const { scene } = stage
    const publishers = stage.of('publisher')
    for (const one of publishers) one.freeze()
    await until('all is done', async () => (await scene.cli<number>('SCARD', key('committed'))) === 0)
    // All have begun to wait by then, and none has done so for longer.
    await stage.calm(ASKS)
    const open: number[] = []
    const idle = await during(stage, async () => {
      for (let i = 0; i < 10; i++) {
        await stage.calm(ASKS / 10)
        open.push(await waiting(stage))
      }
    })
    if (Math.max(...open) !== PROCESSES) throw new Error(`${open} waits were open at once, not ${PROCESSES}`)
    const told = ({ scripts, waits, entered, ms }: Cost): string =>
      `${scripts} scripts and ${waits} waits in ${Math.round(ms)} ms, ${entered} jobs`
    // Each asks once, and now and then one whose wait ended a little sooner asks twice.
    const once = PROCESSES * EACH * (idle.ms / ASKS)
    if (Math.max(idle.scripts, idle.waits) > 1.2 * once) throw new Error(`idle: ${told(idle)}`)
    if (idle.scripts < 0.5 * once) throw new Error(`not all were idling: ${told(idle)}`)
    for (const one of publishers) one.thaw()
    const trickle = await during(stage, () => stage.calm(ASKS))
    if (trickle.entered < 20) throw new Error(`hardly a trickle: ${told(trickle)}`)
    const most = 1.2 * once * (trickle.ms / idle.ms) + A_PUBLISH * trickle.entered
    if (Math.max(trickle.scripts, trickle.waits) > most) throw new Error(`a trickle: ${told(trickle)}`)
  },
  toothless: ({ findings }) => (findings.runs < 40 ? 'hardly anything ran' : undefined),
})
