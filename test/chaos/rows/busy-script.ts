import { row } from '../row.js'
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
    await stage.fault('BUSY', () => stage.scene.cli('EVAL', SPIN, 0, stage.random.between(0.3 * lease, 1.3 * lease)))
    // The server counts what it refuses, and with which word.
    const told = await stage.scene.cli('INFO', 'errorstats')
    if (!told.includes('errorstat_BUSY')) throw new Error('nobody was answered BUSY')
    await stage.calm(500)
  },
})
