import type { Job } from '../../src/index.js'

const cyclic = new Error('cyclic')
cyclic.cause = { cyclic }
export const throws = (thrown: unknown) => (): never => {
  throw thrown
}
const unreadable = Object.defineProperty(new Error('x'), 'message', { get: throws(new Error('no message for you')) })
const hostile = new Proxy(
  {},
  { get: throws('no'), has: throws('no'), getPrototypeOf: throws('no'), ownKeys: throws('no') },
)
const codedBadly = Object.assign(new Error('coded'), { code: { deep: true }, stack: 7 })

/** Biome warns of objects with a `then`, rightly: so here is the one place that makes them. */
export const thenable = (then: unknown): object => Object.fromEntries([['then', then]])

/** What a handler may throw, and the message that is kept of it. */
export const THROWN: readonly [what: string, thrown: unknown, message: unknown][] = [
  ['an Error', new Error('plain'), 'plain'],
  ['a TypeError', new TypeError('typed'), 'typed'],
  ['an Error without a text', new Error(), ''],
  ['a text', 'just a text', 'just a text'],
  ['an empty text', '', ''],
  ['null', null, 'null'],
  ['undefined', undefined, 'undefined'],
  ['0', 0, '0'],
  ['false', false, 'false'],
  ['a symbol', Symbol('odd'), 'Symbol(odd)'],
  ['a frozen Error', Object.freeze(new Error('frozen')), 'frozen'],
  ['an Error whose message throws', unreadable, 'an error that cannot be read'],
  ['an Error with a cyclic cause', cyclic, 'cyclic'],
  ['an Error with an odd code and stack', codedBadly, 'coded'],
  ['an object without prototype', Object.create(null), 'an error that cannot be read'],
  ['an object that throws when looked at', hostile, 'an error that cannot be read'],
  ['a function', Math.max, String(Math.max)],
  ['a lone surrogate', '\uD83D', '\uFFFD'],
  ['an Error whose message is an object', Object.assign(new Error(), { message: { a: 1 } }), '[object Object]'],
]

/** The ways to throw it. */
export const WAYS: readonly [how: string, handler: (thrown: unknown) => (job: Job) => unknown][] = [
  ['thrown at once', (thrown) => throws(thrown)],
  ['thrown by an async handler', (thrown) => async () => throws(thrown)()],
  ['rejected later', (thrown) => () => new Promise((_, reject) => setImmediate(() => reject(thrown)))],
  ['rejected by a foreign thenable', (thrown) => () => thenable((_: unknown, no: (e: unknown) => void) => no(thrown))],
  [
    'rejected by a function that is a thenable',
    (thrown) => () =>
      Object.assign(
        () => {},
        thenable((_: unknown, no: (e: unknown) => void) => no(thrown)),
      ),
  ],
  ['thrown by the then of a thenable', (thrown) => () => thenable(throws(thrown))],
  ['thrown on reading then', (thrown) => () => Object.defineProperty({}, 'then', { get: throws(thrown) })],
]
