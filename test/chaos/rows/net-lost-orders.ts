import { queueOf } from '../part.js'
import { row } from '../row.js'
import { Errands } from '../scene/errands.js'
import { queueName } from '../scene/look.js'
import { proxied } from '../scene/proxied.js'

const EACH = ['withdraw', 'promote', 'retry', 'stats', 'inspect', 'pause'] as const

export const netLostOrders = row({
  name: 'net-lost-orders',
  fault: 'what an operator asks for by hand is done, and the reply is lost',
  injection: `as in net-lost-replies, under load: ${EACH.join(', ')} in turn, each of which must be seen to come again`,
  holds:
    'each settles with what is true, and is done once: what is withdrawn never runs, what is put in line runs once',
  rounds: EACH.length,
  open: proxied,
  async round(stage, number) {
    const { scene, load } = stage
    const errand = EACH[(number - 1) % EACH.length] ?? 'stats'
    await stage.calm(50, 200)
    await stage.fault(`the replies to ${errand} are lost`, async () => {
      const { queue } = queueOf({ connect: scene.connect, queue: queueName, load })
      try {
        await new Errands(queue, stage, number)[errand]()
      } finally {
        await queue.close()
      }
    })
  },
})
