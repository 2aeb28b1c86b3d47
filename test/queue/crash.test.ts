import { expect, onTestFinished, test } from 'vitest'
import { createQueue, type JammedJob } from '../../src/index.js'
import { spawnChild } from './child-process.js'
import { onRedis } from './kit.js'

onRedis('with real processes', (kit) => {
  test('a worker killed with SIGKILL: what it ran is recovered with a jam, what it had claimed ahead without, and all of it runs', async () => {
    const prefix = `crash${process.pid}`
    const options = { store: kit.server().url, prefix, lease: 900 }
    const queue = createQueue('trucks', options)
    onTestFinished(() => queue.close())
    await queue.publishMany(['a', 'b', 'c'])
    const child = spawnChild('worker', { ...options, prefetch: 1 })
    await child.says(/^runs a$/)
    expect(await queue.inspectMany(['a', 'b', 'c'])).toMatchObject([
      { claim: { ahead: false } },
      { claim: { ahead: true } },
      { state: 'queued' },
    ])
    expect(await child.kill('SIGKILL')).toBe('SIGKILL')
    const recovered = new Promise<readonly JammedJob[]>((resolve) => queue.jamGuard({ every: 100 }, resolve))
    const jammed = (await recovered).map(({ id, jams, started, now }) => [id, jams, started, now])
    expect(jammed.toSorted()).toEqual([
      ['a', 1, true, 'queued'],
      ['b', 0, false, 'queued'],
    ])
    const ran: string[] = []
    queue.process(({ id, jams }) => void ran.push(`${id} ${jams}`))
    await queue.idle()
    expect(ran.toSorted()).toEqual(['a 1', 'b 0', 'c 0'])
    expect((await queue.stats()).totals).toMatchObject({ done: 3, jammed: 1, lost: 0 })
  })
})
