import { expect, test } from 'vitest'
import { onBothStores, type World } from './kit.js'

/** A guest's time of 500 ms passes; `work` is done when the first script of the round that follows was answered, and the second was not. */
async function betweenTries({ clock, spy }: World, work: () => Promise<unknown>): Promise<void> {
  const first = spy.hold('publish')
  clock.pass(500)
  await spy.until(() => first.waiting === 1)
  const second = spy.hold('publish')
  first.opened.open()
  await spy.until(() => second.waiting === 1)
  await work()
  second.opened.open()
}

onBothStores((kit) => {
  test('a full queue takes no more: verdict full, nothing stored; a duplicate is judged first', async () => {
    const world = await kit.world()
    const queue = world.queueFor<number>({ maxLength: 2, dedupe: { waiting: 'replace' } })
    const outcomes = (await queue.publishMany([1, 2, 3, 1].map((id) => ({ id, payload: id })))).map(
      ({ outcome, was, guaranteed }) => `${outcome} ${was} ${guaranteed}`,
    )
    expect(outcomes).toEqual(['queued absent true', 'queued absent true', 'full absent false', 'duplicate queued true'])
    expect(await queue.inspect(3)).toEqual({ id: '3', state: 'absent', attempt: 1, jams: 0, failures: 0 })
    await world.die({ claim: 2 })
    expect(await queue.publish(3, { payload: 3 })).toMatchObject({ outcome: 'full' })
    await world.lapse({ maxJams: 0 })
    expect(await queue.publish(3, { payload: 3 })).toMatchObject({ outcome: 'queued' })
    expect(await queue.publish(1, { payload: 3 })).toMatchObject({ outcome: 'queued', was: 'failed' })
    expect(await queue.publish(2, { payload: 3 })).toEqual({
      id: '2',
      outcome: 'full',
      was: 'failed',
      guaranteed: false,
    })
    expect((await queue.stats()).committed).toBe(2)
  })

  test('who waits for room gets in when there is some, in order, newest payload last', async () => {
    const world = await kit.world()
    const { clock, spy } = world
    const queue = world.queueFor<number>({ clock, maxLength: 1, dedupe: 'latest', waitForRoom: 'PT1M' })
    await queue.publish('a', { payload: 0 })
    const told: string[] = []
    const waiting = ['b', 'b', 'c'].map((id, payload) =>
      queue.publish(id, { payload }).then(({ outcome }) => told.push(`${id} ${outcome}`)),
    )
    await spy.until(() => spy.of('publish').length >= 2)
    clock.pass(1_000)
    await spy.until(() => spy.of('publish').length >= 3)
    expect(told).toEqual([])
    await queue.withdraw('a')
    clock.pass(1_000)
    await Promise.all(waiting.slice(0, 2))
    expect(told).toEqual(['b queued', 'b updated'])
    expect((await queue.inspect('b')).payload).toBe(1)
    await queue.withdraw('b')
    clock.pass(1_000)
    await Promise.all(waiting)
    expect(told.at(-1)).toBe('c queued')
    expect(clock.pending).toBe(0)
  })

  test('who comes while a try is on its way stands behind those that were tried', async () => {
    const world = await kit.world()
    const { clock, spy } = world
    const queue = world.queueFor<number>({ clock, maxLength: 1, dedupe: 'latest', waitForRoom: 'PT1M' })
    await queue.publish('a', { payload: 0 })
    const gate = spy.hold('publish')
    const early = [queue.publish('b', { payload: 1 }), queue.publish('c', { payload: 1 })]
    await spy.until(() => gate.waiting === 1)
    const late = queue.publish('b', { payload: 2 })
    gate.opened.open()
    await spy.until(() => spy.of('publish').length >= 2)
    await queue.withdraw('a')
    clock.pass(1_000)
    expect(await Promise.all([early[0], late])).toMatchObject([{ outcome: 'queued' }, { outcome: 'updated' }])
    expect((await queue.inspect('b')).payload).toBe(2)
    await queue.close()
    expect(await early[1]).toMatchObject({ outcome: 'full' })
  })

  test('who was tried early, with one of the same ID whose time was over, is not let in before its turn', async () => {
    const world = await kit.world()
    const { clock, spy } = world
    const queue = world.queueFor<number>({ clock, maxLength: 1, waitForRoom: 'PT1M' })
    await queue.publish('a', { payload: 0 })
    const short = queue.publish('b', { payload: 0, waitForRoom: 500 })
    const waiting = ['c', 'b'].map((id, payload) => queue.publish(id, { payload }))
    await spy.until(() => spy.of('publish').length >= 2)
    clock.pass(500)
    expect(await short).toMatchObject({ outcome: 'full' })
    await queue.withdraw('a')
    clock.pass(1_000)
    expect(await Promise.race(waiting)).toMatchObject({ id: 'c', outcome: 'queued' })
    await queue.close()
    expect(await waiting[1]).toMatchObject({ id: 'b', outcome: 'full' })
  })

  test('whose time is over gets in behind who came earlier and may wait longer', async () => {
    const world = await kit.world()
    const { clock, spy } = world
    const queue = world.queue({ clock, maxLength: 1, waitForRoom: 'PT1M' })
    await queue.publish('a')
    const long = queue.publish('c')
    const short = queue.publish('b', { waitForRoom: 500 })
    await spy.until(() => spy.of('publish').length >= 2)
    await queue.withdraw('a')
    clock.pass(500)
    expect(await Promise.all([long, short])).toMatchObject([{ outcome: 'queued' }, { outcome: 'full' }])
  })

  test('whose time is over is told so, also where no script takes both it and who waits before it', async () => {
    const world = await kit.world()
    const { clock, spy } = world
    const queue = world.queueFor<string>({ clock, maxLength: 1, waitForRoom: 'PT1M' })
    const payload = 'x'.repeat(200_000)
    await queue.publish('a', { payload })
    const long = queue.publish('b', { payload })
    const short = queue.publish('b', { payload, waitForRoom: 500 })
    await spy.until(() => spy.of('publish').length >= 2)
    clock.pass(500)
    expect(await short).toMatchObject({ outcome: 'full' })
    await queue.close()
    expect(await long).toMatchObject({ outcome: 'full' })
  })

  test('nor does it get in before who waits longer, where room comes between the scripts of one try', async () => {
    const world = await kit.world()
    const { clock, spy } = world
    const queue = world.queueFor<string>({ clock, maxLength: 2, waitForRoom: 'PT1M' })
    const payload = 'x'.repeat(200_000)
    for (const id of ['a', 'stays']) await queue.publish(id, { payload: '' })
    const long = queue.publish('b', { payload })
    const short = queue.publish('c', { payload, waitForRoom: 500 })
    const again = queue.publish('stays', { payload, waitForRoom: 500 })
    await spy.until(() => spy.of('publish').length >= 3)
    await betweenTries(world, () => queue.withdraw('a'))
    expect(await short).toMatchObject({ id: 'c', outcome: 'full' })
    // What needs no room is told what it met.
    expect(await again).toMatchObject({ id: 'stays', outcome: 'duplicate' })
    clock.pass(1_000)
    expect(await long).toMatchObject({ id: 'b', outcome: 'queued' })
  })

  test('who waits behind another is not let in before it where the queue is emptied meanwhile: of one ID the newest payload is the last that goes in', async () => {
    const world = await kit.world()
    const { clock, spy } = world
    const queue = world.queueFor<string>({ clock, maxLength: 1, waitForRoom: 'PT1M', dedupe: { waiting: 'replace' } })
    await queue.publish('a', { payload: '' })
    const long = queue.publish('b', { payload: 'old' })
    // Another policy is another script.
    const dedupe = { waiting: 'replace', timing: 'earliest' } as const
    const short = queue.publish('b', { payload: 'new', waitForRoom: 500, dedupe })
    await spy.until(() => spy.of('publish').length >= 2)
    await betweenTries(world, () => queue.withdraw('a'))
    expect(await short).toMatchObject({ outcome: 'full' })
    clock.pass(1_000)
    expect(await long).toMatchObject({ outcome: 'queued' })
    expect(await queue.inspect('b')).toMatchObject({ payload: 'old' })
  })

  test('who was tried with one whose time was over goes back behind who came before', async () => {
    const world = await kit.world()
    const { clock, spy } = world
    const queue = world.queueFor<string>({ clock, maxLength: 1, waitForRoom: 'PT1M' })
    const payload = 'x'.repeat(200_000)
    await queue.publish('a', { payload: '' })
    // No script takes the payloads of these two …
    const first = queue.publish('b', { payload })
    const short = queue.publish('c', { payload, waitForRoom: 500 })
    // … but one takes that of the second and this.
    const last = queue.publish('d', { payload: '' })
    await spy.until(() => spy.of('publish').length >= 2)
    clock.pass(500)
    expect(await short).toMatchObject({ id: 'c', outcome: 'full' })
    await queue.withdraw('a')
    clock.pass(1_000)
    expect(await Promise.race([first, last])).toMatchObject({ id: 'b', outcome: 'queued' })
    await queue.close()
    expect(await last).toMatchObject({ id: 'd', outcome: 'full' })
  })

  test('when its time is over it is told full, and was tried until then', async () => {
    const world = await kit.world()
    const { clock, spy } = world
    const queue = world.queue({ clock, maxLength: 1, waitForRoom: 500 })
    await queue.publish('a')
    const began = clock.now()
    let verdict: unknown
    const waiting = queue.publish('b').then((it) => (verdict = it))
    while (verdict === undefined) {
      await new Promise((turn) => setImmediate(turn))
      // A pause, and not a try on its way.
      if (clock.pending > 0) clock.pass(20)
    }
    await waiting
    expect(verdict).toEqual({ id: 'b', outcome: 'full', was: 'absent', guaranteed: false })
    expect(clock.now() - began).toBeGreaterThanOrEqual(500)
    expect(spy.of('publish').length).toBeGreaterThan(3)
    expect(await queue.publish('c', { waitForRoom: 0 })).toMatchObject({ outcome: 'full' })
    expect(clock.pending).toBe(0)
  })

  test('a signal ends the wait: ABORTED, nothing stored, and no listener is left; close ends it with full', async () => {
    const world = await kit.world()
    const { clock, spy } = world
    const queue = world.queue({ clock, maxLength: 1, waitForRoom: 'PT1H' })
    await queue.publish('a')
    const gone = new AbortController()
    gone.abort()
    await expect(queue.publish('b', { signal: gone.signal })).rejects.toMatchObject({ code: 'ABORTED' })
    const going = new AbortController()
    const waiting = ['b', 'c'].map((id) => queue.publish(id, { signal: going.signal }))
    const last = queue.publish('d')
    await spy.until(() => spy.of('publish').length >= 2)
    await new Promise((turn) => setImmediate(turn))
    going.abort()
    for (const one of waiting) await expect(one).rejects.toMatchObject({ code: 'ABORTED' })
    await queue.close()
    expect(await last).toMatchObject({ id: 'd', outcome: 'full' })
    expect(clock.pending).toBe(0)
    expect(await world.queue().stats()).toMatchObject({ committed: 1, totals: { entered: 1 } })
  })

  test('a bulk load waits for the workers: never more than maxLength in the queue, every ID runs', async () => {
    const world = await kit.world()
    const queue = world.queue({ maxLength: 50, waitForRoom: 'PT1M' })
    const most: number[] = []
    queue.process(
      async () => {
        if (most.length % 20 === 0) most.push((await queue.stats()).committed)
        else most.push(0)
      },
      { concurrency: 20 },
    )
    const verdicts = await queue.publishMany(Array(600).keys())
    expect(verdicts.map(({ id, outcome }) => `${id} ${outcome}`)).toEqual(
      Array.from({ length: 600 }, (_, i) => `${i} queued`),
    )
    const stream = async function* () {
      for (let i = 0; i < 300; i++) yield `s${i}`
    }
    expect(await queue.publishMany(stream())).toMatchObject({ queued: 300, full: 0 })
    await queue.idle()
    expect(Math.max(...most)).toBeLessThanOrEqual(50)
    expect((await queue.stats()).totals).toMatchObject({ entered: 900, done: 900 })
  })

  test('who need not wait is not held up by those that do', async () => {
    const world = await kit.world()
    const queue = world.queue({ clock: world.clock, maxLength: 1 })
    await queue.publish('a')
    const waiting = queue.publish('b', { waitForRoom: 'PT1H' })
    await world.spy.until(() => world.spy.of('publish').length >= 2)
    expect(await queue.publish('a')).toMatchObject({ outcome: 'duplicate' })
    expect(await queue.publish('c')).toMatchObject({ outcome: 'full' })
    await queue.close()
    expect(await waiting).toMatchObject({ outcome: 'full' })
  })
})
