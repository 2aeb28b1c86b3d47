import { row } from '../row.js'
import { parted } from '../scene/parted.js'

/** ms: what the replica did not have yet when the network was parted. */
const WINDOW = 1_000
/** s: how long ago a replica that counts has been heard. */
const MAX_LAG = 2
/** ms: both ends of the lag are cut to whole seconds, and the master looks at it once a second. */
const NOTICED = (MAX_LAG + 2) * 1_000

const CUT = 'the master is parted from its replica and its sentinels'

const sentinelPartition = (bounded: boolean) =>
  row({
    name: `sentinel-partition${bounded ? '-min-replicas' : ''}`,
    fault:
      'the network parts the master of a Sentinel group, which stays up, from all but a publisher and a worker; its replica takes over, and for a while there are two masters',
    injection: `${bounded ? `min-replicas-to-write 1 and min-replicas-max-lag ${MAX_LAG} on that master (three servers would all have it; the one of two that takes over has no replica yet); ` : ''}each server stands behind a proxy, by which replica, sentinels and most clients know it: it lets nothing through for ${NOTICED / 1_000} s and until the sentinels agree; then the old master must follow, and what it alone took is gone`,
    holds: bounded
      ? `LOST is within ${MAX_LAG} s of lag, rounded up to ${NOTICED} ms from the cut, and counted: from then on the old master refuses, and what it was asked for waits for the new one`
      : 'LOST is what the old master took from the cut until it follows, and counted; law L1 holds on both, and all go on by themselves',
    rounds: 1,
    // More than the workers can do: so that some of what the old master takes is not done when it follows.
    load: { publishTimeout: 30_000, work: 100, burst: 3 },
    // What one master has seen run, the other may not have.
    allow: { rollback: true },
    open: parted,
    async round(stage, number) {
      const { scene } = stage
      if (number === 1) {
        const both = scene.beside(() => [stage.spawn('publisher'), stage.spawn('worker')])
        await Promise.all(both.map(({ ready }) => ready))
      }
      await stage.calm(1_000, 1_500)
      const old = scene.master
      if (bounded) {
        await old.cli('CONFIG', 'SET', 'min-replicas-to-write', 1, 'min-replicas-max-lag', MAX_LAG)
        await old.cli('CONFIG', 'RESETSTAT')
      }
      stage.note({ op: 'fault', phase: 'invoke', name: CUT, window: WINDOW })
      const parting = scene.part()
      await stage.calm(NOTICED)
      stage.note({ op: 'fault', phase: 'ok', name: CUT })
      const healing = async (): Promise<void> => {
        await parting
        await stage.calm(500, 1_500)
        const refused = (await old.cli('INFO', 'errorstats')).includes('errorstat_NOREPLICAS')
        if (refused !== bounded) throw new Error(`the old master ${refused ? 'refused' : 'took'} what it was sent`)
        await scene.heal()
        await old.cli('CONFIG', 'SET', 'min-replicas-to-write', 0)
      }
      await stage.fault('there are two masters, until one follows', healing, bounded ? undefined : WINDOW)
      await stage.calm(1_000)
    },
    toothless: ({ findings: { withinWindow } }) =>
      !bounded && withinWindow === 0 ? 'the old master took nothing that was lost' : undefined,
  })

export const sentinelPartitionPlain = sentinelPartition(false)
export const sentinelPartitionMinReplicas = sentinelPartition(true)
