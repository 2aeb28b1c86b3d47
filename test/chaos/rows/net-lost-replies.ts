import { scriptsFor } from '../../../src/redis/scripts.js'
import { row } from '../row.js'
import { queueName } from '../scene/look.js'
import { proxied } from '../scene/proxied.js'
import { lasting } from '../time.js'

const scripts = scriptsFor('chaos', queueName)
const EACH = ['publish', 'step', 'sweep'] as const
const GIVEN_UP = 3_000

export const netLostReplies = row({
  name: 'net-lost-replies',
  fault: 'a script runs, and its reply is lost',
  injection:
    'a proxy that lets one call of publish, step or sweep through by its SHA, drops the reply and cuts the connection',
  holds: 'the call is repeated under its number: nothing is claimed for nobody, nothing ends twice, no claim jams',
  rounds: 12,
  open: proxied,
  async round(stage, number) {
    const { proxy } = stage.scene
    const name = EACH[number % EACH.length] ?? 'step'
    const sha = scripts[name].head[1]
    await stage.calm(50, 200)
    await stage.fault(`a reply to ${name} is lost`, () =>
      Promise.race([proxy.dropReply((args) => args[1] === sha), lasting(GIVEN_UP)]),
    )
  },
  toothless: ({ findings }) => (findings.repeated === 0 ? 'no publish was repeated' : undefined),
})
