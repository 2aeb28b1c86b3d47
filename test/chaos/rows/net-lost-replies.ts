import { row } from '../row.js'
import { comes, loseReply } from '../scene/calls.js'
import { proxied } from '../scene/proxied.js'

const EACH = ['publish', 'step', 'sweep'] as const
/** Of each: how many replies were lost, and how many of those calls came again. Anew in each play of the row. */
const lost = { publish: 0, step: 0, sweep: 0 }
const again = { publish: 0, step: 0, sweep: 0 }

export const netLostReplies = row({
  name: 'net-lost-replies',
  fault: 'a script runs, and its reply is lost',
  injection:
    'a proxy that lets one call of publish, step or sweep through by its SHA, drops the reply and cuts the connection',
  holds: 'the call is repeated under its number: nothing is claimed for nobody, nothing ends twice, no claim jams',
  rounds: 12,
  open() {
    for (const counts of [lost, again]) for (const verb of EACH) counts[verb] = 0
    return proxied()
  },
  async round(stage, number) {
    const verb = EACH[number % EACH.length] ?? 'step'
    await stage.calm(50, 200)
    await stage.fault(`a reply to ${verb} is lost`, async () => {
      const reply = await loseReply(stage.scene, verb)
      if (await comes(reply.lost)) lost[verb]++
      if (await comes(reply.again)) again[verb]++
    })
  },
  toothless({ findings }) {
    if (findings.repeated === 0) return 'no publish was repeated'
    const counts = EACH.map((verb) => `${again[verb]} of ${lost[verb]} to ${verb}`).join(', ')
    return EACH.some((verb) => again[verb] === 0) ? `of lost replies were asked for again: ${counts}` : undefined
  },
})
