import type { Row } from './row.js'
import { aofPrefix } from './rows/aof-prefix.js'
import { blockedLoop } from './rows/blocked-loop.js'
import { busyScript } from './rows/busy-script.js'
import { calm } from './rows/calm.js'
import { clientKill } from './rows/client-kill.js'
import { clusterFailover } from './rows/cluster-failover.js'
import { clusterSlotMove } from './rows/cluster-slot-move.js'
import { clusterTakeover } from './rows/cluster-takeover.js'
import { failoverClock } from './rows/failover-clock.js'
import { flushall } from './rows/flushall.js'
import { fullDiskAlways, fullDiskEverysec } from './rows/full-disk.js'
import { fullMemory } from './rows/full-memory.js'
import { guardKill } from './rows/guard-kill.js'
import { guardsMany } from './rows/guards-many.js'
import { handEdits } from './rows/hand-edits.js'
import { hungHandlers } from './rows/hung-handlers.js'
import { loadingRow } from './rows/loading.js'
import { manyLapses } from './rows/many-lapses.js'
import { maxClients } from './rows/max-clients.js'
import { misconf } from './rows/misconf.js'
import { netBlackHole } from './rows/net-black-hole.js'
import { netBytewise } from './rows/net-bytewise.js'
import { netCut } from './rows/net-cut.js'
import { netLostOrders } from './rows/net-lost-orders.js'
import { netLostReplies } from './rows/net-lost-replies.js'
import { netPartition } from './rows/net-partition.js'
import { netSlow } from './rows/net-slow.js'
import { noAuth } from './rows/no-auth.js'
import { noReplicas } from './rows/no-replicas.js'
import { oddEnds } from './rows/odd-ends.js'
import { plannedFailover } from './rows/planned-failover.js'
import { powerCutAlways, powerCutEverysec, powerCutNo } from './rows/power-cut.js'
import { publisherKill } from './rows/publisher-kill.js'
import { redisClock } from './rows/redis-clock.js'
import { redisKillAlways, redisKillEverysec, redisKillNo } from './rows/redis-kill.js'
import { redisKillWaiting } from './rows/redis-kill-waiting.js'
import { redisStall } from './rows/redis-stall.js'
import { rollingRestart } from './rows/rolling-restart.js'
import { sameId } from './rows/same-id.js'
import { scriptFlush } from './rows/script-flush.js'
import { sentinelFailoverDurable, sentinelFailoverPlain } from './rows/sentinel-failover.js'
import { sentinelPartitionMinReplicas, sentinelPartitionPlain } from './rows/sentinel-partition.js'
import { slowHandler } from './rows/slow-handler.js'
import { soak } from './rows/soak.js'
import { twoVersions, twoVersionsFeatures } from './rows/two-versions.js'
import { workerClock } from './rows/worker-clock.js'
import { workerKill } from './rows/worker-kill.js'
import { workerKillOwing } from './rows/worker-kill-owing.js'
import { workerStall } from './rows/worker-stall.js'
import { workersMany } from './rows/workers-many.js'

/** The fault matrix. */
export const rows: readonly Row[] = [
  ...[calm, slowHandler, oddEnds, hungHandlers, sameId, workersMany],
  ...[workerKillOwing, redisKillWaiting],
  ...[workerKill, workerStall, workerClock, blockedLoop, publisherKill, guardKill, guardsMany, manyLapses],
  ...[redisKillAlways, redisKillEverysec, redisKillNo, redisStall, redisClock],
  ...[scriptFlush, clientKill, maxClients, busyScript, fullMemory, misconf, loadingRow, noReplicas, noAuth],
  ...[netCut, netSlow, netBytewise, netBlackHole, netPartition, netLostReplies, netLostOrders],
  ...[aofPrefix, powerCutAlways, powerCutEverysec, powerCutNo, fullDiskAlways, fullDiskEverysec],
  ...[flushall, handEdits, soak],
  ...[twoVersions, twoVersionsFeatures],
  ...[plannedFailover, rollingRestart, failoverClock, sentinelFailoverPlain, sentinelFailoverDurable],
  ...[sentinelPartitionPlain, sentinelPartitionMinReplicas],
  ...[clusterSlotMove, clusterTakeover, clusterFailover],
]
