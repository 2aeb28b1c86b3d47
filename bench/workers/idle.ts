import { createQueue } from '../convoy.js'
import { median } from '../figures.js'
import { type Address, type Control, commandCalls, connect } from '../server.js'
import { idOf } from '../system.js'
import { Crew } from './crew.js'

const processes = 4
const workers = 50
/** Longer than the longest wait of an idle worker (5 s), so that every wait is seen to end. */
const watched = 12_000
const publishes = 20
/** Time for a job to be claimed, run and settled, ms. */
const settled = 50

/** 200 idle workers, each with connections of its own, on one empty queue: what they cost, and how many a publish wakes. */
export async function idleWorkers(address: Address): Promise<void> {
  const control = await connect(address)
  const queue = await createQueue('idle', { store: address.url })
  await queue.ready()
  const crew = await Crew.gather(processes, {
    address,
    queue: 'idle',
    workers,
    concurrency: 10,
    prefetch: 0,
    jobTime: 0,
  })
  await crew.start()
  // The first claims of all of them are no part of idling.
  await pause(6_000)
  const { calls: quiet, ms } = await during(control, () => pause(watched))
  const perSecond = (name: string) => (((quiet[name] ?? 0) / ms) * 1_000).toFixed(1)
  const names = Object.keys(quiet).sort((a, b) => (quiet[b] as number) - (quiet[a] as number))
  console.log(
    `\n${processes * workers} idle workers, commands per second: ${names.map((name) => `${name} ${perSecond(name)}`).join(', ')}`,
  )

  const scripts: number[] = []
  const waits: number[] = []
  for (let number = 0; number < publishes; number++) {
    const { calls } = await during(control, async () => {
      await queue.publish(idOf(number))
      await pause(settled)
    })
    scripts.push(calls['evalsha'] ?? 0)
    waits.push(calls['blpop'] ?? 0)
  }
  // Now and then a wait of all those others ends in the same moment; the median has none of that.
  console.log(
    `  a publish: ${median(waits)} waits ended, ${median(scripts)} scripts in all (publish, claim, settle), medians of ${publishes}`,
  )
  const counts = (await crew.tally()).flatMap((tally) => tally.counts)
  console.log(
    `  ${publishes} jobs went to ${counts.filter((count) => count > 0).length} different workers, at most ${Math.max(...counts)} to one`,
  )
  await crew.dismiss()
  await queue.close()
  control.destroy()
}

async function during(
  control: Control,
  work: () => Promise<void>,
): Promise<{ calls: Record<string, number>; ms: number }> {
  const before = await commandCalls(control)
  const start = performance.now()
  await work()
  const ms = performance.now() - start
  const after = await commandCalls(control)
  const names = Object.keys(after).filter((name) => name !== 'info' && after[name] !== before[name])
  return { calls: Object.fromEntries(names.map((name) => [name, (after[name] as number) - (before[name] ?? 0)])), ms }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
