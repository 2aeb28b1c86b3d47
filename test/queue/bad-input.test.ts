import { describe, expect, test } from 'vitest'
import { ConvoyError, createQueue, ERROR_CODES, memoryStore, type Queue } from '../../src/index.js'
import { HOSTILE, UNPRINTABLE } from '../support/hostile.js'
import { onBothStores } from './kit.js'

/** 128 characters are the most; the prefix of a test is longer by its own. */
const GOOD_NAMES = [
  ...[
    'a',
    'x'.repeat(40),
    'monster-Trucks_2.0:eu',
    '0',
    '-',
    '--help',
    '_',
    '.',
    '..',
    ':',
    '::',
    '-1',
    '1e3',
    'd',
    'f',
  ],
  ...['__proto__', 'constructor', 'toString', 'queued', 'a:queued', 'a:exp', 'null', 'NX'],
]

type Row = readonly [what: string, call: (queue: Queue) => unknown, code: string, says: RegExp]

const process = (name: string, bad: unknown, says: RegExp): Row => [
  `process({ ${name}: ${typeof bad === 'string' ? `'${bad}'` : String(bad)} })`,
  (queue) => queue.process(() => {}, { [name]: bad } as object),
  'BAD_OPTION',
  says,
]

/** What the caller gives, and what the error must say: which option, what is wrong with it, and what would be right. */
const ROWS: readonly Row[] = [
  process('concurrency', 0, /process: concurrency: .*integer from 1 to 100000, not 0/),
  process('concurrency', -1, /concurrency.*not -1/),
  process('concurrency', 1.5, /concurrency.*not 1\.5/),
  process('concurrency', '10', /concurrency.*not '10'/),
  process('concurrency', Number.NaN, /concurrency.*not NaN/),
  process('concurrency', Number.POSITIVE_INFINITY, /concurrency.*not Infinity/),
  process('concurrency', null, /concurrency.*not null/),
  process('prefetch', -1, /prefetch.*from 0/),
  process('concurency', 5, /no option 'concurency'.*Did you mean 'concurrency'\?/),
  process('Concurrency', 5, /Did you mean 'concurrency'\?/),
  process('timeout', 5, /no option 'timeout'.*(Did you mean|There are:).*jobTimeout/),
  process('__proto__x', 5, /no option '__proto__x'/),
  process('constructor', 5, /no option 'constructor'/),
  process('jobTimeout', '5m', /jobTimeout.*'5m'.*Did you mean 'PT5M'\?/),
  process('jobTimeout', '30s', /Did you mean 'PT30S'\?/),
  process('jobTimeout', '1.5 hours', /Did you mean 'PT1\.5H'\?/),
  process('jobTimeout', '250ms', /Did you mean 'PT0\.25S'\?/),
  process('jobTimeout', '2 days', /Did you mean 'P2D'\?/),
  process('jobTimeout', 'soon', /jobTimeout.*'PT5M'.*not 'soon'/),
  process('jobTimeout', '', /jobTimeout.*not ''/),
  process('jobTimeout', '5', /jobTimeout.*not '5'/),
  process('jobTimeout', 'P', /jobTimeout.*not 'P'/),
  process('jobTimeout', 'PT', /jobTimeout.*not 'PT'/),
  process('jobTimeout', 'PT5', /jobTimeout.*not 'PT5'/),
  process('jobTimeout', 'PT5X', /jobTimeout.*not 'PT5X'/),
  process('jobTimeout', 'PT5M or so', /jobTimeout.*not 'PT5M or so'/),
  process('jobTimeout', -1, /jobTimeout.*not -1/),
  process('jobTimeout', '-PT5M', /jobTimeout.*not '-PT5M'/),
  process('jobTimeout', 'PT-5M', /jobTimeout.*not 'PT-5M'/),
  process('jobTimeout', Number.NaN, /jobTimeout.*not NaN/),
  process('jobTimeout', Number.POSITIVE_INFINITY, /jobTimeout.*not Infinity/),
  process('jobTimeout', true, /jobTimeout.*not true/),
  process('jobTimeout', { minutes: '5' }, /jobTimeout.*not an object/),
  process('jobTimeout', { minute: 5 }, /jobTimeout.*not an object/),
  process('jobTimeout', {}, /jobTimeout.*not an object/),
  process('jobTimeout', [5], /jobTimeout.*not an array/),
  process('jobTimeout', new Date(), /jobTimeout.*not an object/),
  process('lease', 99, /lease.*at least 100 ms, not 99/),
  process('abortGrace', -5, /abortGrace.*not -5/),
  [
    'process(handler, 5)',
    (queue) => queue.process(() => {}, 5 as never),
    'BAD_OPTION',
    /process: expected an object of options, not 5/,
  ],
  ['process(handler, null)', (queue) => queue.process(() => {}, null as never), 'BAD_OPTION', /not null/],
  ['process(handler, [])', (queue) => queue.process(() => {}, [] as never), 'BAD_OPTION', /not an array/],
  ['process()', (queue) => queue.process(undefined as never), 'BAD_HANDLER', /expected a function, not undefined/],
  ['process(text)', (queue) => queue.process('handler' as never), 'BAD_HANDLER', /not 'handler'/],
  ['process({})', (queue) => queue.process({} as never), 'BAD_HANDLER', /not an object/],
  ['jamGuard({ every: "5s" })', (queue) => queue.jamGuard({ every: '5s' }), 'BAD_OPTION', /jamGuard: every.*'PT5S'/],
  ['jamGuard({ every: 0 })', (queue) => queue.jamGuard({ every: 0 }), 'BAD_OPTION', /every.*at least 10 ms, not 0/],
  ['jamGuard({ maxJams: -1 })', (queue) => queue.jamGuard({ maxJams: -1 }), 'BAD_OPTION', /maxJams.*not -1/],
  [
    'jamGuard(callback)',
    (queue) => queue.jamGuard((() => {}) as never),
    'BAD_OPTION',
    /jamGuard: expected an object of options, not a function/,
  ],
  ['jamGuard({}, text)', (queue) => queue.jamGuard({}, 'no' as never), 'BAD_HANDLER', /jamGuard.*function.*'no'/],
  ['sweep({ maxJam: 1 })', (queue) => queue.sweep({ maxJam: 1 } as never), 'BAD_OPTION', /Did you mean 'maxJams'\?/],
  ['sweep({ signal: {} })', (queue) => queue.sweep({ signal: {} } as never), 'BAD_OPTION', /signal/],
  ['logStats({ every: NaN })', (queue) => queue.logStats({ every: Number.NaN }), 'BAD_OPTION', /every.*NaN/],
  ['logStats({ logger: {} })', (queue) => queue.logStats({ logger: {} as never }), 'BAD_OPTION', /logger.*info/],
  ['logStats({ logger: null })', (queue) => queue.logStats({ logger: null as never }), 'BAD_OPTION', /logger.*info/],
  ['logStats({ log: {} })', (queue) => queue.logStats({ log: {} } as never), 'BAD_OPTION', /no option 'log'/],
  [
    'list("done")',
    (queue) => queue.list('done' as never),
    'BAD_OPTION',
    /'queued', 'delayed', 'processing' or 'failed', not 'done'/,
  ],
  ['list({ limit: 0 })', (queue) => queue.list('queued', { limit: 0 }), 'BAD_OPTION', /limit.*from 1 to 1000, not 0/],
  ['list({ limit: 1001 })', (queue) => queue.list('queued', { limit: 1_001 }), 'BAD_OPTION', /limit/],
  ['list({ cursor: -1 })', (queue) => queue.list('queued', { cursor: -1 }), 'BAD_OPTION', /cursor/],
  ['list({ cursor: null })', (queue) => queue.list('queued', { cursor: null } as never), 'BAD_OPTION', /cursor.*null/],
  ['ready({ timeout: "1m" })', (queue) => queue.ready({ timeout: '1m' }), 'BAD_OPTION', /timeout.*'PT1M'/],
  ['ready({ signal: 5 })', (queue) => queue.ready({ signal: 5 } as never), 'BAD_OPTION', /signal/],
  ['idle({ timeout: 5 })', (queue) => queue.idle({ timeout: 5 } as never), 'BAD_OPTION', /no option 'timeout'/],
  ['close({ timeout: -1 })', (queue) => queue.close({ timeout: -1 }), 'BAD_OPTION', /timeout.*not -1/],
  ['close({ timout: 1 })', (queue) => queue.close({ timout: 1 } as never), 'BAD_OPTION', /Did you mean 'timeout'\?/],
  [
    'publishMany({ onVerdict })',
    (queue) => queue.publishMany(stream(), { onVerdict() {} } as never),
    'BAD_OPTION',
    /Did you mean 'onVerdicts'\?/,
  ],
  [
    'publishMany({ onVerdicts: 5 })',
    (queue) => queue.publishMany(stream(), { onVerdicts: 5 } as never),
    'BAD_OPTION',
    /onVerdicts.*5/,
  ],
  ['inspectMany(null)', (queue) => queue.inspectMany(null as never), 'BAD_ID', /null/],
  ['withdraw(undefined)', (queue) => queue.withdraw(undefined as never), 'BAD_ID', /undefined/],
  ['withdraw({})', (queue) => queue.withdraw({} as never), 'BAD_ID', /an object/],
  ['on("faild")', (queue) => queue.on('faild' as never, () => {}), 'BAD_OPTION', /failed/],
  ['on("failed", 5)', (queue) => queue.on('failed', 5 as never), 'BAD_HANDLER', /5/],
]

function thrownBy(call: () => unknown): Error {
  try {
    call()
  } catch (thrown) {
    return thrown as Error
  }
  throw new Error('it was taken')
}

async function* stream(): AsyncGenerator<string> {
  yield 'never'
}

onBothStores((kit) => {
  test.each(ROWS)('%s is refused, with what would be right, and stores nothing', async (_, call, code, says) => {
    const queue = (await kit.world()).queue()
    // Some calls throw at once, others reject.
    const refused: unknown = await (async () => call(queue))().then(
      () => 'was taken',
      (error: unknown) => error,
    )
    expect(refused).toBeInstanceOf(ConvoyError)
    expect(refused).toMatchObject({ name: 'ConvoyError', code, message: expect.stringMatching(says) })
    expect(await queue.stats()).toMatchObject({ committed: 0, totals: { published: 0, entered: 0 } })
  })

  test('queues of any names and prefixes are queues apart: what is in one is in no other', async () => {
    const world = await kit.world()
    const pairs = GOOD_NAMES.flatMap((name) => GOOD_NAMES.slice(0, 8).map((prefix) => [name, prefix] as const))
    const queues = pairs.map(([name, prefix]) => world.queueOf(name, `${world.prefix}:${prefix}`))
    // One after another: an ID that came through from another would be a duplicate.
    for (const queue of queues) expect(await queue.publish('a')).toMatchObject({ outcome: 'queued', was: 'absent' })
    for (const queue of queues) {
      expect(await queue.withdraw(['a'])).toEqual([{ id: 'a', was: 'queued' }])
      await queue.close()
    }
  })

  test("the caller's options are never touched, and may be frozen", async () => {
    const world = await kit.world()
    const options = Object.freeze({ concurrency: 2, lease: Object.freeze({ seconds: 30 }), jobTimeout: 'PT1M' })
    world.queue().process(() => {}, options)
    expect(options).toEqual({ concurrency: 2, lease: { seconds: 30 }, jobTimeout: 'PT1M' })
  })

  test('an option that is undefined is one that was not given', async () => {
    const world = await kit.world()
    const worker = world
      .queue({ lease: undefined } as object)
      .process(() => {}, { concurrency: undefined, jobTimeout: undefined } as object)
    expect(worker.concurrency).toBe(1)
  })
})

describe('createQueue', () => {
  const BAD_NAMES: readonly unknown[] = [
    // Every ID that must work and is no name.
    ...HOSTILE.filter((id) => !/^[\w.:-]{1,128}$/.test(id)),
    ...[
      '',
      'x'.repeat(129),
      'a{b}',
      'a*',
      'a?',
      'a[b]',
      'ä',
      'a/b',
      'a\n',
      'a\r',
      '\uD83D',
      'a@b',
      'a=b',
      'a,b',
      'a+b',
    ],
    ...[5, null, undefined, {}, ['a'], true, Symbol('a'), () => 'a', new String('a')],
  ]

  test('no queue name or prefix is taken that could move a slot, widen a rule or forge a line', () => {
    expect(BAD_NAMES.length).toBeGreaterThan(40)
    for (const name of BAD_NAMES) {
      const calls = [
        () => createQueue(name as never, { store: memoryStore() }),
        // An option that is undefined is one that was not given.
        () => createQueue('good', { store: memoryStore(), prefix: (name ?? null) as never }),
      ]
      for (const call of calls) {
        const thrown = thrownBy(call)
        expect(thrown, String(name)).toMatchObject({ name: 'ConvoyError', code: 'BAD_NAME' })
        expect(thrown.message).toMatch(/1 to 128 characters of A-Z a-z 0-9/)
        expect(thrown.message).not.toMatch(UNPRINTABLE)
        expect(thrown.message.length).toBeLessThan(500)
      }
    }
  })

  test.each<[string, object, RegExp]>([
    ['stroe', { stroe: 'memory:' }, /Did you mean 'store'\?/],
    ['store: 5', { store: 5 }, /store.*not 5/],
    ['store: null', { store: null }, /store.*not null/],
    ['store: {}', { store: {} }, /store.*not an object/],
    ['store and redis', { store: 'memory:', redis: {} }, /either store or redis/],
    ['redis: text', { redis: 'redis://localhost' }, /redis.*client/],
    ['store of another scheme', { store: 'http://localhost' }, /redis:\/\//],
    ['store that is no URL', { store: 'localhost:6379' }, /redis:\/\//],
    ['lease: 50', { store: memoryStore(), lease: 50 }, /lease.*at least 100 ms, not 50/],
    ['lease: "30s"', { store: memoryStore(), lease: '30s' }, /'PT30S'/],
    ['publishTimeout: 0', { store: memoryStore(), publishTimeout: 0 }, /publishTimeout/],
    [
      'publishTimeout: Infinity',
      { store: memoryStore(), publishTimeout: Number.POSITIVE_INFINITY },
      /publishTimeout.*Infinity/,
    ],
    ['maxJams: 1.5', { store: memoryStore(), maxJams: 1.5 }, /maxJams.*1\.5/],
    ['keepFailed: -1', { store: memoryStore(), keepFailed: -1 }, /keepFailed.*-1/],
  ])('%s is refused at once', (_, options, says) => {
    const refusal = expect.objectContaining({ code: 'BAD_OPTION', message: expect.stringMatching(says) })
    expect(() => createQueue('trucks', options)).toThrowError(refusal)
  })

  test('a password in a URL that is refused is not in the error', () => {
    try {
      createQueue('trucks', { store: 'http://user:hunter2@localhost' })
      expect.unreachable()
    } catch (error) {
      expect(String((error as Error).stack)).not.toContain('hunter2')
    }
  })

  test('every code of the table explains itself', () => {
    for (const [code, about] of Object.entries(ERROR_CODES)) {
      const error = new ConvoyError(code as never)
      expect([error.code, error.message, error.name, error instanceof Error]).toEqual([
        code,
        about,
        'ConvoyError',
        true,
      ])
    }
  })
})
