import { row } from '../row.js'
import { refuses } from '../scene/refuses.js'
import { single } from '../scene/single.js'

const SPIN = `
local function now() local t = redis.call('TIME'); return t[1] * 1000 + t[2] / 1000 end
local till = now() + ARGV[1]
while now() < till do end
return 1`

export const busyScript = row({
  name: 'busy-script',
  fault: "somebody else's script holds Redis up; all others are answered BUSY",
  injection: 'a script that spins for 0.3 to 1.3 leases, with busy-reply-threshold 100',
  holds: 'BUSY is waited out; no claim of the living jams',
  rounds: 3,
  open: () => single('everysec', { args: ['--busy-reply-threshold', '100'] }),
  async round(stage) {
    const { lease } = stage.load
    await stage.calm(500, 1_000)
    await stage.fault('BUSY', async () => {
      const spinning = stage.scene.cli('EVAL', SPIN, 0, stage.random.between(0.3 * lease, 1.3 * lease))
      await Promise.all([spinning, refuses('BUSY', () => stage.scene.cli('PING'))])
    })
    await stage.calm(500)
  },
})
