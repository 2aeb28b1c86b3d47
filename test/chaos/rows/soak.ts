import { LOAD } from '../load.js'
import { row } from '../row.js'
import { type Single, single } from '../scene/single.js'
import type { Stage } from '../stage.js'

const LEASE = 4_000

type Fault = (stage: Stage<Single>) => Promise<unknown>

async function again(times: number, stage: Stage<Single>, ...command: readonly string[]): Promise<void> {
  for (let i = 0; i < times; i++) {
    await stage.scene.cli(...command)
    await stage.calm(20, 100)
  }
}

const FAULTS: readonly Fault[] = [
  (stage) => stage.killOne('worker', stage.random.pick(['inside', 'after', undefined])),
  (stage) => stage.killOne('publisher'),
  (stage) => stage.killOne('guard'),
  (stage) => stage.fault('SCRIPT FLUSH', () => again(5, stage, 'SCRIPT', 'FLUSH')),
  (stage) => stage.fault('CLIENT KILL', () => again(5, stage, 'CLIENT', 'KILL', 'TYPE', 'normal')),
  (stage) =>
    stage.fault('Redis hangs', async () => {
      stage.scene.server.pause()
      // Over the time that a reply may take, and less than half a lease: the guard need not hold back.
      await stage.calm(1.05 * stage.load.replyTimeout, 0.45 * LEASE)
      stage.scene.server.resume()
    }),
  (stage) =>
    stage.fault('Redis is dead', async () => {
      await stage.scene.server.kill()
      await stage.calm(100, 600)
      await stage.scene.server.restart()
    }),
]

/** Each once, in an order that the seed makes: another one each time. */
function shuffled({ random }: Stage, turn: number): readonly Fault[] {
  const chance = random.branch(`turn ${turn}`)
  return FAULTS.map((fault) => ({ fault, at: chance.next() }))
    .sort((one, other) => one.at - other.at)
    .map(({ fault }) => fault)
}

export const soak = row({
  name: 'soak',
  fault:
    'whatever can happen to one server and its processes, one after the other, before all has recovered from the last',
  injection:
    'in an order made by the seed: SIGKILL for a worker, a publisher, a guard, for Redis (appendfsync always); SIGSTOP for Redis; SCRIPT FLUSH; CLIENT KILL',
  holds: 'nothing is lost and no claim of the living jams, whatever comes after what',
  rounds: FAULTS.length,
  load: { lease: LEASE, work: 300, concurrency: 20, guards: 2 },
  // Who is dead is recovered by a guard that may itself be dead, or dialling.
  allow: { recovery: LEASE + 2.5 * LOAD.every + 2_500 },
  open: () => single('always'),
  async round(stage, number) {
    const turn = Math.floor((number - 1) / FAULTS.length)
    const fault = shuffled(stage, turn)[(number - 1) % FAULTS.length] as Fault
    await stage.calm(100, 800)
    await fault(stage)
  },
  toothless({ findings }) {
    if (findings.jammed === 0) return 'no claim was left behind'
    return findings.repeated === 0 ? 'no answer was lost' : undefined
  },
})
