import { expect, test } from 'vitest'
import type { Queue, QueueOptions } from '../../src/index.js'
import { publishAndWait, waitFor } from '../../src/wait/index.js'
import { type Kit, onBothStores, type World } from '../queue/kit.js'
import type { Stage } from '../queue/stage.js'
import { Latch } from '../support/latch.js'
import { Ears } from './ears.js'

const KEEP = { keepResult: 60_000 }

interface Scene {
  readonly world: World
  readonly ears: Ears
  /** Its messages go through the ears. */
  readonly queue: Queue
  readonly stage: Stage
}

async function scene(kit: Kit, given: QueueOptions | ((world: World) => QueueOptions) = {}): Promise<Scene> {
  const world = await kit.world()
  const ears = new Ears()
  const options = typeof given === 'function' ? given(world) : given
  const queue = world.queue({ ...KEEP, ...options, store: ears.over(world.spy.over(world.open)) })
  return { world, ears, queue, stage: world.stage() }
}

const published = (world: World, count: number): Promise<void> =>
  world.spy.until(() => world.spy.of('publish').length >= count)

const settled = (world: World, count: number): Promise<void> => world.spy.until(() => world.spy.settled.length >= count)

/** Whether it has settled by now. */
async function pending(promise: Promise<unknown>): Promise<boolean> {
  const still = Symbol('still')
  return (await Promise.race([promise.catch(() => undefined), new Promise((go) => setImmediate(go, still))])) === still
}

onBothStores((kit) => {
  test('all who wait for an ID, in whatever process, share one run', async () => {
    const { world, queue, stage } = await scene(kit)
    const queues = [queue, world.queue(KEEP), world.queue(KEEP)]
    const waits = [...queues, ...queues].map((one) => publishAndWait(one, 'a'))
    const also = queues.map((one) => waitFor(one, 'a'))
    await published(world, 6)
    queue.process(stage.handler)
    const job = await stage.begins(1)
    stage.end('a', () => ({ rows: 7 }))
    const ended = { result: { rows: 7 }, epoch: job.epoch }
    expect(await Promise.all(waits)).toEqual(Array(6).fill({ ...ended, run: 'next' }))
    expect(await Promise.all(also)).toMatchObject(Array(3).fill(ended))
    expect(stage.ids).toEqual(['a'])
  })

  test.each([
    ['undefined', undefined],
    ['null', null],
    ['0', 0],
    ["''", ''],
    ['false', false],
  ])('a result of %s is a result', async (_, value) => {
    const { queue } = await scene(kit)
    queue.process(() => value)
    const ended = await publishAndWait(queue, 'a')
    expect(ended).toEqual({ result: value, epoch: expect.any(Number), run: 'next' })
    expect(ended.epoch).toBeGreaterThan(0)
    expect(await waitFor(queue, 'a')).toEqual({ ...ended, run: 'remembered' })
  })

  test('by default the run that is on will do', async () => {
    const { world, ears, queue, stage } = await scene(kit)
    queue.process(stage.handler)
    await queue.publish('a')
    const job = await stage.begins(1)
    const waits = [publishAndWait(queue, 'a'), waitFor(queue, 'a')]
    await published(world, 2)
    await ears.looked(2)
    stage.end('a', () => 'once')
    expect(await Promise.all(waits)).toEqual(Array(2).fill({ result: 'once', epoch: job.epoch, run: 'running' }))
    expect(stage.ids).toEqual(['a'])
  })

  test('where a run of its own is guaranteed, the end of the one that is on is not taken for it', async () => {
    const { world, ears, queue, stage } = await scene(kit, { dedupe: { processing: 'rerun' } })
    queue.process(stage.handler)
    await queue.publish('a')
    const first = await stage.begins(1)
    const wait = publishAndWait(queue, 'a')
    const other = waitFor(queue, 'a')
    await published(world, 2)
    await ears.looked(2)
    stage.end('a', () => 'old')
    const second = await stage.begins(2)
    expect(await other).toEqual({ result: 'old', epoch: first.epoch, run: 'running' })
    await ears.looked(3)
    expect(await pending(wait)).toBe(true)
    stage.end('a', () => 'new')
    expect(await wait).toEqual({ result: 'new', epoch: second.epoch, run: 'next' })
  })

  test('on an ID that is published again and again, everyone gets the first run that started after', async () => {
    const { world, queue, stage } = await scene(kit, { dedupe: { processing: 'rerun' } })
    queue.process(stage.handler)
    const waits = [publishAndWait<void, unknown>(queue, 'a')]
    for (let run = 1; run <= 5; run++) {
      await stage.begins(run)
      waits.push(publishAndWait(queue, 'a'))
      await published(world, run + 1)
      stage.end('a', () => run)
      expect((await waits[run - 1])?.result).toBe(run)
    }
    await stage.begins(6)
    stage.end('a', () => 6)
    expect((await waits[5])?.result).toBe(6)
  })

  test('a run that is over before the publish was answered is told', async () => {
    const { world, ears, queue } = await scene(kit)
    ears.answers = new Latch()
    world.queue(KEEP).process(() => 'quick')
    const wait = publishAndWait(queue, 'a')
    await settled(world, 1)
    ears.answers.open()
    expect(await wait).toMatchObject({ result: 'quick', run: 'next' })
  })

  test('a message that comes late, of a run before, ends no wait', async () => {
    const { world, ears, queue, stage } = await scene(kit)
    queue.process(stage.handler)
    const first = publishAndWait(queue, 'a')
    await stage.begins(1)
    ears.hold()
    stage.end('a', () => 'old')
    await settled(world, 1)
    const wait = publishAndWait(queue, 'a')
    const second = await stage.begins(2)
    ears.release()
    expect((await first).result).toBe('old')
    await ears.looked(1)
    expect(await pending(wait)).toBe(true)
    stage.end('a', () => 'new')
    expect(await wait).toEqual({ result: 'new', epoch: second.epoch, run: 'next' })
  })

  test('a message that is lost is cured once the connection is back, and at the latest after five seconds', async () => {
    const { world, ears, queue, stage } = await scene(kit, (world) => ({ clock: world.clock }))
    world.queue(KEEP).process(stage.handler)
    ears.deaf = true
    for (const [id, cure] of [
      ['a', () => ears.gap()],
      ['b', () => world.clock.pass(5_000)],
    ] as const) {
      const wait = publishAndWait(queue, id)
      await stage.begins(id === 'a' ? 1 : 2)
      stage.end(id, () => id)
      await settled(world, id === 'a' ? 1 : 2)
      expect(await pending(wait)).toBe(true)
      cure()
      expect((await wait).result).toBe(id)
    }
  })

  test('an attempt that failed is not the end; the last one is, with what is kept of it', async () => {
    const { queue } = await scene(kit, { attempts: 2, backoff: 0 })
    queue.process(({ id, attempt }) => {
      if (id === 'bad' || attempt === 1) throw Object.assign(new Error(`no ${attempt}`), { code: 'EHOT' })
      return attempt
    })
    expect((await publishAndWait(queue, 'good')).result).toBe(2)
    const failed = { code: 'JOB_FAILED', cause: { message: 'no 2', code: 'EHOT', attempt: 2 } }
    await expect(publishAndWait(queue, 'bad')).rejects.toMatchObject(failed)
    await expect(waitFor(queue, 'bad')).rejects.toMatchObject(failed)
    await expect(publishAndWait(queue, 'bad', { dedupe: { failed: 'hold' } })).rejects.toMatchObject(failed)
  })

  test('a failure of which nothing is kept is a failure', async () => {
    const { queue } = await scene(kit, { keepFailed: 0 })
    queue.process(() => Promise.reject(new Error('no')))
    await expect(publishAndWait(queue, 'a')).rejects.toMatchObject({ code: 'JOB_FAILED', cause: undefined })
  })

  test('a jam in between is not the end', async () => {
    const { world, queue, stage } = await scene(kit, { dedupe: { processing: 'rerun' } })
    await queue.publish('a')
    await world.die()
    const wait = publishAndWait(queue, 'a')
    await published(world, 2)
    await world.lapse()
    queue.process(stage.handler)
    await stage.begins(1)
    expect(await pending(wait)).toBe(true)
    stage.end('a', () => 'after all')
    expect(await wait).toMatchObject({ result: 'after all', run: 'next' })
    expect(stage.ids).toEqual(['a'])
  })

  test('what is withdrawn is told: waiting, running, and owed', async () => {
    const { world, queue, stage } = await scene(kit, { dedupe: { processing: 'rerun' } })
    const waiting = publishAndWait(queue, 'waiting')
    await published(world, 1)
    await queue.withdraw('waiting')
    await expect(waiting).rejects.toMatchObject({ code: 'WITHDRAWN' })
    const running = publishAndWait(queue, 'running')
    queue.process(stage.handler, { concurrency: 2 })
    await stage.begins(1)
    const owed = publishAndWait(queue, 'running')
    await published(world, 3)
    await queue.withdraw('running')
    await expect(running).rejects.toMatchObject({ code: 'WITHDRAWN' })
    await expect(owed).rejects.toMatchObject({ code: 'WITHDRAWN' })
    // The run that was withdrawn has not ended yet, and its end is not the end of what comes after it.
    const after = publishAndWait(queue, 'running')
    await published(world, 4)
    stage.end('running', () => 'old')
    await stage.begins(2)
    expect(await pending(after)).toBe(true)
    stage.end('running', () => 'new')
    expect(await after).toMatchObject({ result: 'new', run: 'next' })
  })

  test('a clear takes what is owed, and leaves what runs', async () => {
    const { world, queue, stage } = await scene(kit, { dedupe: { processing: 'rerun' } })
    queue.process(stage.handler)
    const running = publishAndWait(queue, 'a')
    await stage.begins(1)
    const owed = publishAndWait(queue, 'a')
    await published(world, 2)
    await queue.clear()
    await expect(owed).rejects.toMatchObject({ code: 'WITHDRAWN' })
    stage.end('a', () => 'done')
    expect(await running).toMatchObject({ result: 'done' })
  })

  test('a clear ends no wait for what is nowhere; once it was published it is among what a clear takes', async () => {
    const { world, ears, queue } = await scene(kit)
    const wait = waitFor(queue, 'tomorrow')
    await ears.looked(3)
    const here = publishAndWait(queue, 'here')
    await published(world, 1)
    await queue.clear()
    // Both are judged by the same look.
    await expect(here).rejects.toMatchObject({ code: 'WITHDRAWN' })
    expect(await pending(wait)).toBe(true)
    await queue.publish('tomorrow')
    await queue.clear()
    await expect(wait).rejects.toMatchObject({ code: 'WITHDRAWN' })
  })

  test('nor does one that comes while it is being looked for', async () => {
    const { world, ears, queue } = await scene(kit)
    const [read, answer] = [new Latch(), new Latch()]
    ears.position = { read, answer }
    const wait = waitFor(queue, 'tomorrow')
    await read.wait
    const here = publishAndWait(queue, 'here')
    await published(world, 1)
    await queue.clear()
    await ears.looked(2)
    answer.open()
    await expect(here).rejects.toMatchObject({ code: 'WITHDRAWN' })
    await ears.looked(4)
    const also = publishAndWait(queue, 'also')
    await published(world, 2)
    await queue.clear()
    await expect(also).rejects.toMatchObject({ code: 'WITHDRAWN' })
    expect(await pending(wait)).toBe(true)
    queue.process(() => 1)
    await queue.publish('tomorrow')
    expect(await wait).toMatchObject({ result: 1, run: 'next' })
  })

  test('a full queue is told', async () => {
    const { world, queue } = await scene(kit, { maxLength: 1 })
    const first = publishAndWait(queue, 'a')
    await published(world, 1)
    await expect(publishAndWait(queue, 'b')).rejects.toMatchObject({ code: 'FULL' })
    queue.process(() => 1)
    expect((await first).result).toBe(1)
  })

  test('an ID that is remembered does not run again, and tells what it returned', async () => {
    const { queue, stage } = await scene(kit, { dedupe: { remember: 600_000 } })
    queue.process(stage.handler)
    const wait = publishAndWait(queue, 'a')
    const job = await stage.begins(1)
    stage.end('a', () => 'once')
    await wait
    const remembered = { result: 'once', epoch: job.epoch, run: 'remembered' }
    expect(await publishAndWait(queue, 'a')).toEqual(remembered)
    expect(await waitFor(queue, 'a')).toEqual(remembered)
    expect(stage.ids).toEqual(['a'])
  })

  test('a run that keeps nothing is done all the same', async () => {
    const { world, ears, queue } = await scene(kit)
    queue.process((job) => {
      job.keep(0)
      return 'secret'
    })
    expect(await publishAndWait(queue, 'a')).toEqual({ result: undefined, epoch: 0, run: 'next' })
    const { looks } = ears
    const absent = waitFor(queue, 'b')
    // Before that it would take a run that is over by then for an older one.
    await ears.looked(looks + 3)
    expect(await pending(absent)).toBe(true)
    await queue.publish('b')
    await settled(world, 2)
    expect(await absent).toEqual({ result: undefined, epoch: 0, run: 'next' })
  })

  test('a message of a run before, however late, is not taken for the end of the one that is waited for', async () => {
    const { world, ears, queue } = await scene(kit)
    const other = world.queue(KEEP)
    const worker = other.process((job) => job.keep(0))
    // Hears from now on.
    const also = waitFor(queue, 'z')
    await ears.looked(1)
    ears.hold()
    await other.publish('a')
    await settled(world, 1)
    await worker.close()
    const { looks } = ears
    const wait = publishAndWait(queue, 'a')
    const absent = waitFor(queue, 'b')
    await published(world, 2)
    await ears.looked(looks + 3)
    await other.withdraw('a')
    await ears.releaseTo('"done"')
    await ears.looked(looks + 4)
    expect(await pending(wait)).toBe(true)
    ears.release()
    await expect(wait).rejects.toMatchObject({ code: 'WITHDRAWN' })
    expect(await pending(absent)).toBe(true)
    await other.publishMany(['b', 'z'])
    other.process(() => 1)
    expect(await Promise.all([absent, also])).toMatchObject([{ result: 1 }, { result: 1 }])
  })

  test('who waits for an absent ID is not told of a run that was over', async () => {
    const { world, ears, queue } = await scene(kit)
    const other = world.queue(KEEP)
    let runs = 0
    other.process((job) => {
      if (++runs === 1) job.keep(0)
      return runs
    })
    const also = waitFor(queue, 'z')
    await ears.looked(1)
    ears.hold()
    await other.publish('a')
    await settled(world, 1)
    const wait = waitFor(queue, 'a')
    await ears.looked(4)
    // All of it: the run's messages may come later than what was settled.
    await ears.releaseTo('"done"')
    ears.release()
    await ears.looked(5)
    expect(await pending(wait)).toBe(true)
    await other.publishMany(['a', 'z'])
    expect(await wait).toMatchObject({ result: 2 })
    await also
  })

  test('a look that is older than the run is not judged by what was told of it', async () => {
    const { world, ears, queue } = await scene(kit)
    const other = world.queue(KEEP)
    other.process(() => 1)
    const wait = waitFor(queue, 'a')
    await ears.looked(3)
    ears.slow = { read: new Latch(), answer: new Latch() }
    ears.gap()
    await ears.slow.read.wait
    ears.hold()
    await other.publish('a')
    await ears.releaseTo('"done"')
    ears.slow.answer.open()
    expect(await wait).toMatchObject({ result: 1, run: 'next' })
  })

  test('after a gap what was told before it is not taken for the last', async () => {
    const { world, ears, queue } = await scene(kit, (world) => ({ clock: world.clock }))
    const other = world.queue(KEEP)
    const worker = other.process((job) => job.keep(0))
    const also = waitFor(queue, 'z', { timeout: 60_000 })
    await ears.looked(1)
    ears.hold()
    await other.publish('a')
    await settled(world, 1)
    await worker.close()
    const wait = publishAndWait(queue, 'a')
    const told = wait.catch((error: unknown) => error)
    await published(world, 2)
    await ears.releaseTo('"done"')
    await ears.looked(2)
    await other.withdraw('a')
    await ears.loseTo('"withdrawn"')
    ears.gap()
    await ears.looked(3)
    await other.publish('b')
    await ears.releaseTo('"b"')
    for (let turn = 4; await pending(wait); turn++) {
      await Promise.race([ears.looked(turn), told])
      world.clock.pass(5_000)
    }
    expect(await told).toMatchObject({ code: 'OUTCOME_UNKNOWN' })
    world.clock.pass(60_000)
    await expect(also).rejects.toMatchObject({ code: 'WAIT_TIMEOUT' })
  })

  test('what is gone without a word is not guessed at', async () => {
    const { world, ears, queue } = await scene(kit, (world) => ({ clock: world.clock }))
    ears.deaf = true
    const wait = publishAndWait(queue, 'a')
    const told = wait.catch((error: unknown) => error)
    await published(world, 1)
    await queue.withdraw('a')
    let turns = 0
    for (const looks = ears.looks; await pending(wait); turns++) {
      world.clock.pass(5_000)
      await Promise.race([ears.looked(looks + turns + 1), told])
    }
    // The first look may have been before the message.
    expect(turns).toBeGreaterThan(1)
    expect(await told).toMatchObject({ code: 'OUTCOME_UNKNOWN' })
  })

  test('a wait ends when told to, and the ID stays', async () => {
    const world = await kit.world()
    const queue = world.queue({ ...KEEP, clock: world.clock })
    const controller = new AbortController()
    const early = new AbortController()
    const never = publishAndWait(queue, 'never', { signal: early.signal })
    early.abort()
    await expect(never).rejects.toMatchObject({ code: 'ABORTED' })
    const aborted = publishAndWait(queue, 'a', { signal: controller.signal, timeout: 60_000 })
    const late = publishAndWait(queue, 'b', { timeout: 100 })
    const closed = waitFor(queue, 'c')
    await published(world, 2)
    controller.abort()
    await expect(aborted).rejects.toMatchObject({ code: 'ABORTED' })
    world.clock.pass(100)
    await expect(late).rejects.toMatchObject({ code: 'WAIT_TIMEOUT' })
    await expect(publishAndWait(queue, 'd', { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' })
    expect((await queue.list('queued')).ids.toSorted()).toEqual(['a', 'b'])
    await queue.close()
    await expect(closed).rejects.toMatchObject({ code: 'CLOSED' })
    expect(world.clock.pending).toBe(0)
    await expect(waitFor(queue, 'a')).rejects.toMatchObject({ code: 'CLOSED' })
  })

  test('nothing is left of those who waited, and somebody may wait again', async () => {
    const { ears, queue } = await scene(kit)
    queue.process(() => 1)
    for (let turn = 0; turn < 3; turn++) {
      await Promise.all(['a', 'b', 'c'].map((id) => publishAndWait(queue, id)))
      expect(ears.listening).toBe(0)
    }
  })

  test('options are checked, and nothing is stored', async () => {
    const world = await kit.world()
    const queue = world.queue(KEEP)
    const bad = (options: object): Promise<unknown> => publishAndWait(queue, 'a', options as never)
    await expect(bad({ timeout: '5m' })).rejects.toThrow("Did you mean 'PT5M'?")
    await expect(bad({ time: 1 })).rejects.toMatchObject({ code: 'BAD_OPTION' })
    // It would not wait, and nobody would know.
    await expect(bad({ waitForRoom: '5m' })).rejects.toMatchObject({ code: 'BAD_OPTION' })
    await expect(bad({ waitForRoom: 'PT5M' })).rejects.toThrow('publishAndWait: waitForRoom: only of publish')
    await expect(bad({ signal: 1 })).rejects.toMatchObject({ code: 'BAD_OPTION' })
    await expect(bad({ priority: 'urgent' })).rejects.toMatchObject({ code: 'BAD_OPTION' })
    await expect(publishAndWait(queue, '')).rejects.toMatchObject({ code: 'BAD_ID' })
    await expect(publishAndWait({} as Queue, 'a')).rejects.toMatchObject({ code: 'BAD_OPTION' })
    await expect(waitFor(queue, 'a', { payload: 1 } as never)).rejects.toMatchObject({ code: 'BAD_OPTION' })
    await expect(publishAndWait(world.queue(), 'a')).rejects.toThrow('keepResult')
    await expect(waitFor(world.queue(), 'a')).rejects.toThrow('keepResult')
    expect((await queue.stats()).totals.published).toBe(0)
  })
})
