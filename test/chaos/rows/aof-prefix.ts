import { cpSync, mkdtempSync, readdirSync, rmSync, statSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startRedis } from '../../support/redis-server.js'
import { row } from '../row.js'
import { finalLook, look } from '../scene/look.js'
import { aofArgs, type Single, single } from '../scene/single.js'
import type { Stage } from '../stage.js'

const CUTS = 15

/** One cut: a server that finds this much of the history must find every ID in one place, and right books. */
async function cut(stage: Stage<Single>, number: number): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'convoy-prefix-'))
  try {
    // A copy of a file that grows is itself a prefix.
    cpSync(join(stage.scene.server.dir, 'appendonlydir'), join(dir, 'appendonlydir'), { recursive: true })
    const name = readdirSync(join(dir, 'appendonlydir')).find((file) => file.endsWith('.incr.aof'))
    if (name === undefined) throw new Error('there is no append-only file')
    const file = join(dir, 'appendonlydir', name)
    const { size } = statSync(file)
    const at = stage.random.between(0, size)
    truncateSync(file, at)
    const server = await startRedis({ dir, args: aofArgs('no') })
    try {
      const { twice, astray } = await look(server)
      const { committed, entered, left } = await finalLook(server)
      const books = entered - left === committed ? [] : [`cut ${number} at ${at} of ${size}: the books`]
      stage.note({ op: 'look', phase: 'note', twice, astray: [...astray, ...books] })
      stage.prefixes++
    } finally {
      await server.stop()
    }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

export const aofPrefix = row({
  name: 'aof-prefix',
  fault: 'a restart finds only a beginning of the history, cut anywhere, also within a transaction',
  injection: `the append-only file of a run with deaths in it, cut at ${CUTS} random bytes, each beginning loaded by a server of its own`,
  holds: 'law L1 and the equation of the books hold on every beginning',
  rounds: 1,
  load: { work: 150, concurrency: 10 },
  open: () => single('everysec'),
  async round(stage) {
    await stage.killOne('worker')
    await stage.calm(3_000)
    for (let number = 1; number <= CUTS; number++) await cut(stage, number)
  },
  toothless: ({ prefixes, findings }) =>
    prefixes === 0 ? 'nothing was cut' : findings.jammed === 0 ? 'no sweep stands in the history' : undefined,
})
