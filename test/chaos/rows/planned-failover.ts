import { row } from '../row.js'
import { pair } from '../scene/pair.js'

export const plannedFailover = row({
  name: 'planned-failover',
  fault: 'a master and its replica change places on purpose, under load',
  injection: 'FAILOVER; connections stay at the old master, which refuses writes; new ones lead to the new master',
  holds: 'nothing is lost and no claim jams: all find the new master by themselves',
  rounds: 3,
  open: pair,
  async round(stage) {
    await stage.calm(500, 1_500)
    await stage.fault('FAILOVER', () => stage.scene.change())
    await stage.calm(800)
  },
  toothless: ({ findings }) => (findings.accepted < 200 ? 'hardly anything was published' : undefined),
})
