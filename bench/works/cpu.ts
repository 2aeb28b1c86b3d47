import { serverCpu } from '../server.js'
import { idsOf } from '../system.js'
import { countTo, fill, type Work } from '../work.js'

/** What a job costs at D100 in processor time, on both sides: what is left for the work itself. */
export const cpu: Work = {
  key: 'CPU',
  rows: [
    { key: 'CPUc', title: 'client CPU per job, drain at concurrency 100', unit: 'µs' },
    { key: 'CPUr', title: 'Redis CPU per job, drain at concurrency 100', unit: 'µs' },
  ],
  jobs: 50_000,
  warmUp: 20_000,
  async run(trial) {
    const session = await trial.open()
    await fill(trial, session, idsOf(trial.jobs))
    const { handle, reached } = countTo(trial.jobs)
    const worker = await session.worker(handle, { concurrency: 100, prefetch: 0 })
    const client = process.cpuUsage()
    const server = await serverCpu(trial.control)
    worker.start()
    await reached
    const used = process.cpuUsage(client)
    const redis = (await serverCpu(trial.control)) - server
    await worker.stop()
    return [(used.user + used.system) / trial.jobs, redis / trial.jobs]
  },
}
