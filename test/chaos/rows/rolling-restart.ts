import { row } from '../row.js'
import { pair } from '../scene/pair.js'

export const rollingRestart = row({
  name: 'rolling-restart',
  fault: 'both servers of a pair are restarted one after the other, as for an upgrade, under load',
  injection:
    'the replica is restarted; FAILOVER; then the old master is, with whatever connections it still has; neither keeps any file',
  holds: 'nothing is lost and no claim jams: what is in the queue goes from one server to the other',
  rounds: 2,
  open: pair,
  async round(stage) {
    const { scene } = stage
    const before = scene.pids
    await stage.calm(300, 600)
    await stage.fault('the replica is restarted', () => scene.restartReplica())
    await stage.calm(200)
    await stage.fault('FAILOVER', () => scene.change())
    await stage.calm(200)
    await stage.fault('the old master is restarted', () => scene.restartReplica())
    await stage.calm(300)
    if (scene.pids.some((pid) => before.includes(pid))) throw new Error('one of them runs as it did before')
  },
  toothless: ({ findings }) => (findings.accepted < 200 ? 'hardly anything was published' : undefined),
})
