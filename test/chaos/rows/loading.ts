import { LOAD } from '../load.js'
import { row } from '../row.js'
import { loading } from '../scene/loading.js'

const LEASE = 4_000

export const loadingRow = row({
  name: 'loading',
  fault: 'Redis dies, comes back, and takes long to load what it holds: all are answered LOADING meanwhile',
  injection: 'SIGKILL; it is started again with key-load-delay, for 0.3 to 0.6 leases of loading (appendfsync always)',
  holds:
    'publishes whose patience is shorter are refused and have done nothing; nothing is lost, and no claim of the living jams',
  rounds: 2,
  // As in redis-stall: the guard holds back for longer than the longest pause between two dials.
  load: { lease: LEASE, publishTimeout: 800, work: 400, concurrency: 40 },
  allow: { recovery: LEASE + LOAD.every + 1_000 },
  open: loading,
  async round(stage) {
    const { scene, load } = stage
    await stage.calm(500, 1_000)
    await stage.fault('Redis loads', () => scene.crash(stage.random.between(0.3 * load.lease, 0.6 * load.lease)))
    // The harness's own question, whether it is there yet, was refused as well, but was no script.
    const stats = await scene.cli('INFO', 'commandstats')
    if (!/cmdstat_evalsha:.*rejected_calls=[1-9]/.test(stats)) throw new Error('no script was answered LOADING')
    await stage.calm(500)
  },
  toothless: ({ findings }) => (findings.refused === 0 ? 'no publish was refused' : undefined),
})
