import { expect, test } from 'vitest'
import type { Told } from '../history.js'
import { check } from './check.js'
import { Story } from './story.js'

const ALLOW = { exact: false, expiries: true, rollback: false, recovery: 3_000, lease: 1_500 }
const QUEUED: Told = { outcome: 'queued', guaranteed: true, repeated: false }

/** Two workers at work. */
class Work extends Story {
  #epoch = 0

  /** So many runs in so many ms. */
  runs(worker: string, count: number, ms = 0): this {
    for (let i = 0; i < count; i++) {
      const epoch = ++this.#epoch
      const id = `${worker}:${epoch}`
      this.publish('p', id, QUEUED)
        .run(worker, id, epoch)
        .end(worker, id)
        .wait(ms / count)
    }
    return this
  }
}

const begun = (): Work => new Work().up('p', 'publisher').up('w', 'worker').up('v', 'worker').runs('w', 1).runs('v', 1)

async function found(story: Story): Promise<{ resumed: number; breaches: string[] }> {
  const { resumed, breaches } = await check(story.close('p').close('w').close('v').final({}).entries(), ALLOW)
  return { resumed, breaches: breaches.map(({ rule, what }) => `${rule}: ${what}`) }
}

test('a worker that runs nothing after a fault is seen, though another does all the work', async () => {
  expect(await found(begun().fault('cut', 500).runs('v', 120, 9_000))).toEqual({
    resumed: 1,
    breaches: [expect.stringMatching(/^K9: w ran nothing for 9\d{3} ms after cut, while others ran 1\d\d$/)],
  })
})

test('nor does a late run make good for it', async () => {
  const { breaches } = await found(begun().fault('cut', 500).runs('v', 120, 9_000).runs('w', 1).runs('v', 1))
  expect(breaches).toEqual([expect.stringMatching(/^K9: w ran nothing/)])
})

test.each<[what: string, resumed: number, story: () => Story]>([
  ['both resume', 2, () => begun().fault('cut', 500).runs('v', 100, 4_400).runs('w', 1).runs('v', 50, 9_000)],
  ['there was little to do', 1, () => begun().fault('cut', 500).runs('v', 20, 9_000)],
  [
    'the next fault came before',
    2,
    () => begun().fault('cut', 500).runs('v', 120, 4_000).fault('cut', 9_000).runs('v', 9),
  ],
  ['it was killed before', 1, () => begun().fault('cut', 500).runs('v', 9).kill('w').runs('v', 120, 9_000)],
  [
    'one that ran late came up after the fault',
    2,
    () =>
      begun()
        .fault('cut', 500)
        .runs('w', 1)
        .up('u', 'worker')
        .runs('v', 120, 9_000)
        .runs('u', 1)
        .runs('v', 1)
        .close('u'),
  ],
])('no rule turns red where %s', async (_what, resumed, story) => {
  expect(await found(story())).toEqual({ resumed, breaches: [] })
})
