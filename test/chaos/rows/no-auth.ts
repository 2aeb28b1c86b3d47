import { ALL_RULES } from '../../support/access.js'
import { LOAD } from '../load.js'
import { row } from '../row.js'
import { single } from '../scene/single.js'

const LEASE = 4_000

/** What happens to the user that all come as, and how the server counts what it refuses then. */
const LOSSES = [
  { name: 'the password is another one', rules: ['resetpass', '>changed'], word: 'NOAUTH' },
  { name: 'the user may do nothing', rules: ['-@all'], word: 'NOPERM' },
] as const

export const noAuth = row({
  name: 'no-auth',
  fault: 'the user that all come as is locked out by mistake: its password is changed, or its rights are taken',
  injection:
    'ACL SETUSER and a cut of all connections (NOAUTH), or in the middle of what they do (NOPERM), in turn; all is put back 0.3 to 0.5 leases later',
  holds:
    'publishes are refused at once and have done nothing; workers and guards ask again until they are let in, and nothing jams',
  rounds: 2,
  load: { lease: LEASE, work: 400, concurrency: 40 },
  allow: { recovery: LEASE + LOAD.every + 1_000 },
  open: () => single('everysec'),
  async round(stage, number) {
    const { scene, load } = stage
    const { name, rules, word } = LOSSES[(number - 1) % LOSSES.length] as (typeof LOSSES)[number]
    await stage.calm(500, 1_000)
    await stage.fault(name, async () => {
      await scene.cli('ACL', 'SETUSER', 'default', ...rules)
      if (word === 'NOAUTH') await scene.cli('CLIENT', 'KILL', 'TYPE', 'normal')
      await stage.calm(0.3 * load.lease, 0.5 * load.lease)
      await scene.cli('ACL', 'SETUSER', 'default', 'reset', 'on', 'nopass', ...ALL_RULES)
    })
    if (!(await scene.cli('INFO', 'errorstats')).includes(`errorstat_${word}`)) throw new Error(`nobody met ${word}`)
    await stage.calm(500)
  },
  toothless: ({ findings }) => (findings.refused === 0 ? 'no publish was refused' : undefined),
})
