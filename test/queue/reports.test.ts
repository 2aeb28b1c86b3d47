import { Buffer } from 'node:buffer'
import { expect, test } from 'vitest'
import type { ConvoyError, Job, QueueOptions } from '../../src/index.js'
import { onBothStores, onRedis, type World } from './kit.js'

const DAY = 86_400_000

/** One job that runs, and whose reports the test makes. */
async function running(world: World, options: QueueOptions = {}) {
  const queue = world.queue(options)
  const errors: ConvoyError[] = []
  queue.on('error', (error) => errors.push(error))
  const stage = world.stage()
  queue.process(stage.handler, { concurrency: 2 })
  await queue.publish('a')
  const job = await stage.begins(1)
  const reports = (): unknown[] =>
    world.spy.of('report').map(({ request: { progress, log } }) => [progress, log?.lines])
  return { queue, errors, stage, job, reports }
}

onBothStores((kit) => {
  test('progress can be seen while the job runs, and is gone when it has ended', async () => {
    const world = await kit.world()
    const { queue, stage, job } = await running(world)
    expect(await job.progress(1)).toBe(true)
    expect((await queue.inspect('a')).progress).toEqual({ done: 1 })
    expect(await job.progress(2, 10, { file: 'ü' })).toBe(true)
    expect((await queue.inspect('a')).progress).toEqual({ done: 2, total: 10, data: { file: 'ü' } })
    stage.end('a')
    await world.spy.until(() => world.spy.settled.length >= 1)
    expect(await queue.inspect('a')).not.toHaveProperty('progress')
  })

  test('one report is on its way at most: of what comes meanwhile the newest progress and all lines go next', async () => {
    const world = await kit.world()
    const { job, reports } = await running(world)
    const gate = world.spy.hold('report')
    const kept = [job.progress(1), job.log('one'), job.progress(2)]
    await world.spy.until(() => gate.waiting === 1)
    for (let i = 3; i <= 100; i++) kept.push(job.progress(i), job.log(`line ${i}`))
    await new Promise((later) => setImmediate(later))
    expect(gate.waiting).toBe(1)
    gate.opened.open()
    expect(new Set(await Promise.all(kept))).toEqual(new Set([true]))
    expect(reports()).toEqual([
      ['{"done":2}', ['one']],
      ['{"done":100}', Array.from({ length: 98 }, (_, i) => `line ${i + 3}`)],
    ])
  })

  test('each job has a report of its own on its way', async () => {
    const world = await kit.world()
    const { queue, stage, job } = await running(world)
    await queue.publish('b')
    const other = await stage.begins(2)
    const gate = world.spy.hold('report')
    const kept = [job.progress(1), other.progress(2)]
    await world.spy.until(() => gate.waiting === 2)
    gate.opened.open()
    expect(await Promise.all(kept)).toEqual([true, true])
  })

  test('what is on its way when the run ends goes out before its end', async () => {
    const world = await kit.world()
    const { queue, stage, job, reports } = await running(world)
    const gate = world.spy.hold('report')
    void job.progress(1)
    await world.spy.until(() => gate.waiting === 1)
    void job.log('the last words')
    stage.end('a')
    await new Promise((later) => setImmediate(later))
    expect([world.spy.settled, (await queue.inspect('a')).state]).toEqual([[], 'processing'])
    gate.opened.open()
    await world.spy.until(() => world.spy.settled.length >= 1)
    expect(reports()).toEqual([
      ['{"done":1}', undefined],
      [undefined, ['the last words']],
    ])
    expect([world.spy.settled, await queue.logOf('a')]).toEqual([['a done 1'], ['the last words']])
  })

  test.each<[what: string, how: () => unknown, end: string]>([
    ['fails', () => Promise.reject(new Error('no')), 'a retry 1'],
    ['returns', () => 'fine', 'a done 1'],
  ])('what a handler says as it %s is said', async (_, how, end) => {
    const world = await kit.world()
    const { queue, stage, job } = await running(world, { attempts: 2, keepResult: DAY })
    stage.end('a', () => {
      void job.log('before the end')
      return how()
    })
    await world.spy.until(() => world.spy.settled.length >= 1)
    expect([world.spy.settled, await queue.logOf('a')]).toEqual([[end], ['before the end']])
    const { result } = (await world.store().recall(['a'], { timeout: 10_000 }))[0] ?? {}
    expect(result).toBe(end === 'a done 1' ? 's"fine"' : null)
  })

  test('a job that has ended is not heard any more', async () => {
    const world = await kit.world()
    const { stage, job, reports } = await running(world)
    const gate = world.spy.hold('report')
    const last = job.progress(1)
    stage.end('a')
    await world.spy.until(() => gate.waiting === 1)
    const late = job.progress(2)
    gate.opened.open()
    expect([await last, await late]).toEqual([true, false])
    await world.spy.until(() => world.spy.settled.length >= 1)
    expect([await job.log('later'), reports().length]).toEqual([false, 1])
  })

  test('nor is one whose claim is somebody else’s: nothing of it is kept', async () => {
    const world = await kit.world()
    const { clock } = world
    const { queue, job } = await running(world, { clock })
    await world.lapse()
    expect(await job.log('not mine')).toBe(false)
    expect(await queue.logOf('a')).toEqual([])
  })

  test('a log is kept for a day after its last line, run after run, and then gone', async () => {
    const world = await kit.world()
    const { queue, stage, job } = await running(world)
    await job.log('first\n\nsecond')
    await world.serverPasses(DAY - 1)
    await job.log('third')
    stage.end('a')
    await world.spy.until(() => world.spy.settled.length >= 1)
    await queue.publish('a')
    await (await stage.begins(2)).log('the next run')
    await world.serverPasses(DAY - 1)
    expect(await queue.logOf('a')).toEqual(['first', '', 'second', 'third', 'the next run'])
    await world.serverPasses(1)
    expect(await queue.logOf('a')).toEqual([])
  })

  test('keepLog says how long', async () => {
    const world = await kit.world()
    const { queue, job } = await running(world, { keepLog: 1_000 })
    await job.log('soon gone')
    await world.serverPasses(999)
    expect(await queue.logOf('a')).toEqual(['soon gone'])
    await world.serverPasses(1)
    expect(await queue.logOf('a')).toEqual([])
  })

  test('of a log the newest 64 KiB are kept, in whole lines; more is not even sent', async () => {
    const world = await kit.world()
    const { queue, job } = await running(world)
    const line = (i: number): string => `${i} `.padEnd(4_000, 'ü')
    const kept = Array.from({ length: 40 }, (_, i) => job.log(line(i).slice(0, 2_000)))
    expect(new Set(await Promise.all(kept))).toEqual(new Set([true]))
    const sent = world.spy.of('report').map(({ request }) => Buffer.byteLength(request.log?.lines.join('\n') ?? ''))
    expect(sent.length).toBe(1)
    expect(Math.max(...sent)).toBeLessThanOrEqual(65_536)
    for (let i = 0; i < 3; i++) await job.log('x'.repeat(4_096))
    const lines = await queue.logOf('a')
    expect(lines.at(-1)).toBe('x'.repeat(4_096))
    const bytes = Buffer.byteLength(lines.join('\n'))
    expect(bytes).toBeLessThanOrEqual(65_536)
    expect(bytes).toBeGreaterThan(65_536 - 4_097)
  })

  test.each<[what: string, tell: (job: Job) => unknown, says: RegExp]>([
    ['a progress that is no number', (job) => job.progress('half' as never), /how much is done, a number, not 'half'/],
    ['a progress of NaN', (job) => job.progress(Number.NaN), /not NaN/],
    ['a total that is none', (job) => job.progress(1, Number.POSITIVE_INFINITY), /total: expected a number/],
    ['data that cannot be encoded', (job) => job.progress(1, 2, 3n), /data cannot be encoded/],
    ['more than 4 KiB of data', (job) => job.progress(1, 2, 'x'.repeat(4_096)), /at most 4096 bytes, not 4126/],
    ['a line that is no text', (job) => job.log({} as never), /log: expected a text, not an object/],
    ['a line of more than 4 KiB', (job) => job.log('ü'.repeat(2_049)), /at most 4096 bytes, not 4098/],
    ['a lone surrogate', (job) => job.log('\uD83D'), /lone surrogate/],
  ])('%s is thrown as BAD_REPORT, at once, and nothing is sent', async (_, tell, says) => {
    const world = await kit.world()
    const { job } = await running(world)
    expect(() => tell(job)).toThrowError(
      expect.objectContaining({ code: 'BAD_REPORT', message: expect.stringMatching(says) }),
    )
    expect(world.spy.of('report')).toEqual([])
  })

  test('a job that tells nothing sends nothing', async () => {
    const world = await kit.world()
    const { stage } = await running(world)
    stage.end('a')
    await world.spy.until(() => world.spy.settled.length >= 1)
    expect(world.spy.of('report')).toEqual([])
  })

  test('a queue that closes waits for the last words', async () => {
    const world = await kit.world()
    const { queue, stage, job } = await running(world)
    const gate = world.spy.hold('report')
    void job.log('goodbye')
    stage.end('a')
    const closed = queue.close()
    await world.spy.until(() => gate.waiting === 1)
    gate.opened.open()
    await closed
    expect(world.spy.settled).toEqual(['a done 1'])
  })
})

onRedis('on Redis', (kit) => {
  test.each(['', 'a', 'abcdefg'])(
    'a log of thousands of lines of %j holds the server up no longer than one of few',
    async (line) => {
      const world = await kit.world()
      const { job, stage, queue } = await running(world)
      const { cli } = kit.server()
      await cli('CONFIG', 'SET', 'slowlog-log-slower-than', '100000')
      await cli('SLOWLOG', 'RESET')
      const text = `${line}\n`.repeat(4_000 / (line.length + 1))
      for (let time = 0; time < 2; time++) {
        expect(await Promise.all(Array.from({ length: 16 }, () => job.log(text)))).not.toContain(false)
      }
      expect(await cli('SLOWLOG', 'LEN')).toBe(0)
      expect((await queue.logOf('a')).at(-1)).toBe('')
      stage.open()
    },
  )
})
