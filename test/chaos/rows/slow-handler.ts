import { row } from '../row.js'
import { key } from '../scene/look.js'
import { single } from '../scene/single.js'

export const slowHandler = row({
  name: 'slow-handler',
  fault: 'none; but handlers take up to three leases',
  injection: 'nothing: work as usual, and many a claim lives by its renewals',
  holds: 'no sweep takes a claim that is renewed: exactly one run for each accepted publish',
  rounds: 1,
  load: { publishers: 1, burst: 1, work: 6_000, concurrency: 150 },
  allow: { exact: true },
  open: () => single('everysec'),
  async round(stage) {
    const { scene, load } = stage
    await stage.calm(2.5 * load.lease)
    // A token begins with its epoch: the time of its claim in µs, by the server's clock.
    const tokens = await scene.cli<string[]>('HVALS', key('lease'))
    const [seconds = 0] = (await scene.cli<string[]>('TIME')).map(Number)
    const old = tokens.filter((token) => seconds - Number.parseInt(token, 10) / 1e6 > (2 * load.lease) / 1_000)
    if (old.length === 0) throw new Error(`none of ${tokens.length} claims is older than two leases`)
  },
  toothless: ({ findings }) => (findings.accepted < 200 ? 'hardly anything was published' : undefined),
})
