import { until } from '../../support/until.js'
import { row } from '../row.js'
import { clustered } from '../scene/cluster.js'

export const clusterTakeover = row({
  name: 'cluster-takeover',
  fault: 'in a cluster the replica of the master that holds the queue takes over on purpose, under load',
  injection: 'six nodes; CLUSTER FAILOVER on the replica; the old master, which stays up, follows it',
  holds:
    'nothing is lost and no claim jams: the old master holds writes up until the new one has all, and then sends all there',
  rounds: 2,
  open: clustered,
  async round(stage) {
    const { scene } = stage
    await stage.calm(1_000, 1_500)
    const [old, heir] = [await scene.owner(), await scene.heir()]
    await stage.fault('CLUSTER FAILOVER', async () => {
      await heir.cli('CLUSTER', 'FAILOVER')
      await until('the replica holds the slot', async () => (await scene.owner()) === heir)
    })
    await until('the old master follows', async () => {
      const state = await old.cli('INFO', 'replication')
      return state.includes('role:slave') && state.includes('link_status:up')
    })
    // No node votes for a replica of the same master again within two time-outs, 4 s: two rounds take longer.
    await stage.calm(1_200)
  },
  toothless: ({ findings }) => (findings.accepted < 200 ? 'hardly anything was published' : undefined),
})
