import { NODE_TIMEOUT } from '../../support/redis-cluster.js'
import { until } from '../../support/until.js'
import { row } from '../row.js'
import { clustered } from '../scene/cluster.js'

/** ms: replication is asynchronous; what the replica did not have yet when its master died is gone. */
const WINDOW = 1_000
/**
 * ms, of node-redis: only 5 s after it has missed a node does it ask the others who holds what now, and only at its next
 * dial, up to 2.2 s later. Until then a cluster's client knows no other master, whatever is sent over it.
 */
const UNAWARE = 5_000 + 2_200

export const clusterFailover = row({
  name: 'cluster-failover',
  fault: 'the master that holds the queue dies, and its replica takes over',
  injection: 'six nodes; SIGKILL for the owner of the slot; it comes back as a replica',
  holds: `without durability: LOST is within ${WINDOW} ms before the failover, and counted; law L1 holds, and all go on by themselves`,
  rounds: 1,
  load: { publishTimeout: 20_000 },
  // Part of that is over before another node takes the slot: it waits for so long first.
  allow: { rollback: true, recovery: UNAWARE - NODE_TIMEOUT + 1_000 },
  open: clustered,
  async round(stage) {
    const { scene } = stage
    await stage.calm(1_000, 2_000)
    const old = await scene.owner()
    const failOver = async (): Promise<void> => {
      await old.kill()
      await until('another node holds the slot', async () => (await scene.owner()) !== old)
      const well = async (): Promise<boolean> => (await scene.cli('CLUSTER', 'INFO')).includes('cluster_state:ok')
      await until('cluster_state:ok', well)
    }
    await stage.fault('the master dies', failOver, WINDOW)
    await stage.calm(1_000)
    await old.restart()
    await until('it follows', async () => (await old.cli('INFO', 'replication')).includes('link_status:up'), 60_000)
  },
})
