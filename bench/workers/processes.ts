import { createQueue } from '../convoy.js'
import { short } from '../figures.js'
import { type Address, connect } from '../server.js'
import { idsOf } from '../system.js'
import { perSecond } from '../work.js'
import { Crew } from './crew.js'

/** 1, 2, 4, 8 processes on one queue: what they do together, and how evenly. */
export async function manyProcesses(address: Address): Promise<void> {
  console.log('processes on one queue, concurrency 100 each')
  console.log('  processes   no-op jobs/s   shares (min–max of even)     2 ms jobs/s   shares')
  for (const processes of [1, 2, 4, 8]) {
    const idle = await drain(address, processes, { jobs: 100_000, concurrency: 100, jobTime: 0 })
    const slow = await drain(address, processes, { jobs: 20_000, concurrency: 10, jobTime: 2 })
    console.log(
      `  ${String(processes).padStart(9)}${short(idle.rate).padStart(15)}   ${idle.shares.padEnd(25)}${short(slow.rate).padStart(15)}   ${slow.shares}`,
    )
  }
}

async function drain(address: Address, processes: number, job: { jobs: number; concurrency: number; jobTime: number }) {
  const control = await connect(address)
  await control.flushAll()
  control.destroy()
  const queue = await createQueue('crew', { store: address.url })
  await queue.publishMany(idsOf(job.jobs))
  const crew = await Crew.gather(processes, { address, queue: 'crew', workers: 1, prefetch: 0, ...job })
  const begun = performance.timeOrigin + performance.now()
  await crew.start()
  await queue.idle()
  const tallies = await crew.tally()
  await crew.dismiss()
  await queue.close()
  const counts = tallies.map(({ counts: [count = 0] }) => count)
  const even = job.jobs / processes
  const percent = (count: number) => `${Math.round((count / even) * 100)} %`
  return {
    rate: perSecond(job.jobs, Math.max(...tallies.map(({ last }) => last)) - begun),
    shares: `${percent(Math.min(...counts))}–${percent(Math.max(...counts))}`,
  }
}
