import { row } from '../row.js'
import { key } from '../scene/look.js'
import { single } from '../scene/single.js'

/** Bytes that are kept of an error, and the time before it. */
const MOST = 4_096 + 20

export const oddEnds = row({
  name: 'odd-ends',
  fault: 'a quarter of all runs throw what can be thrown, in every way there is',
  injection:
    'null, 0, a frozen Error, one whose message throws, a cyclic cause, a hostile proxy and others; at once, later, by a thenable',
  holds: 'each counts as a failure: it is tried again, then failed, with a bounded text of it; nobody is stopped by it',
  rounds: 2,
  load: { odd: 0.25, features: { attempts: 3, backoff: 50, keepResult: 3_600_000, delay: 0, priorities: false } },
  open: () => single('everysec'),
  async round(stage, number) {
    const { scene } = stage
    await stage.calm(2_000)
    await stage.killOne('worker')
    await stage.calm(300)
    const errors = await scene.cli<string[]>('HVALS', key('errors'))
    const long = errors.filter((text) => Buffer.byteLength(text) > MOST)
    if (errors.length === 0 || long.length > 0)
      throw new Error(`${long.length} of ${errors.length} errors are too long`)
    const [retried, failed] = (await scene.cli<string[]>('HMGET', key('totals'), 'retried', 'failed')).map(Number)
    if ((retried ?? 0) < 50 * number || (failed ?? 0) < 1) throw new Error(`retried ${retried}, failed ${failed}`)
  },
})
