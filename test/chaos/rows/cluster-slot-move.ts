import { row } from '../row.js'
import { clustered, moveSlot } from '../scene/cluster.js'

export const clusterSlotMove = row({
  name: 'cluster-slot-move',
  fault: 'the slot of the queue moves to another node of a cluster, under load',
  injection:
    'six nodes; SETSLOT, MIGRATE key by key with pauses, SETSLOT: for that time scripts are answered TRYAGAIN, ASK and MOVED',
  holds: 'callers hear of nothing, nothing is lost, no claim jams',
  rounds: 2,
  open: clustered,
  async round(stage) {
    const { scene } = stage
    await stage.calm(500, 1_500)
    const to = stage.random.pick(await scene.otherMasters())
    const from = await scene.owner()
    await stage.fault('the slot moves', () => moveSlot(scene, from, to, () => stage.calm(10, 80)))
    await stage.calm(800)
  },
})
