/** Payloads that must be refused, or come out as JSON makes them, and change nothing on the way. */

type Row = readonly [what: string, payload: unknown]

const MIB = 1_048_576

const nested = (levels: number): unknown => {
  let inner: unknown = 'the bottom'
  for (let level = 0; level < levels; level++) inner = level % 2 === 0 ? [inner] : { down: inner }
  return inner
}

const sparse: unknown[] = []
sparse[3] = 'the fourth'

class Truck {
  readonly wheels = 4
  readonly #hidden = 'hidden'
  get load(): string {
    return this.#hidden
  }
}

const open = (target: object): object => new Proxy(target, {})

/** What JSON can hold, if not always as it was. */
export const KEPT: readonly Row[] = [
  // Names that an object has of its own.
  ['an own __proto__', JSON.parse('{"__proto__":{"polluted":true}}')],
  [
    '__proto__ within',
    JSON.parse('{"a":{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}}'),
  ],
  ['a constructor', { constructor: { prototype: { polluted: true } } }],
  ['names of methods', JSON.parse('{"toString":1,"valueOf":null,"hasOwnProperty":[],"length":-1,"then":"no promise"}')],
  ['an object without a prototype', Object.assign(Object.create(null), { a: 1 })],
  // Depth, breadth and length.
  ['a thousand levels', nested(1_000)],
  ['ten thousand keys', Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`k${i}`, i]))],
  ['ten thousand empty objects', Array.from({ length: 10_000 }, () => ({}))],
  ['a very long key', { ['k'.repeat(100_000)]: 1 }],
  ['an empty key', { '': { '': '' } }],
  ['as long as may be', 'x'.repeat(MIB - 2)],
  ['a key as long as may be', { ['k'.repeat(MIB - 6)]: 1 }],
  // Numbers.
  ['-0', -0],
  ['NaN and infinities', [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]],
  ['texts that look like numbers', ['NaN', '-0', '1e999', '0x10', '-inf', '9007199254740993']],
  ['the ends of the numbers', [Number.MAX_SAFE_INTEGER + 1, Number.MIN_VALUE, -Number.MAX_VALUE, 0.1 + 0.2]],
  // Texts.
  ['an empty text', ''],
  ['NUL', 'a\0b\0'],
  ['a lone high surrogate', 'a\uD83D'],
  ['a lone low surrogate in a key', { '\uDE9A': '\uDE9A\uD83D' }],
  ['every control character', String.fromCharCode(...Array.from({ length: 32 }, (_, i) => i), 0x7f, 0x9b)],
  ['the last code point', '\u{10ffff}\ufffe\uffff'],
  ['line ends of JavaScript', '\u2028\u2029'],
  ['JSON in JSON', JSON.stringify(JSON.stringify({ a: '"' }))],
  ['a nil of the wire', '$-1\r\n'],
  ['an array of the wire', '*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\nb\r\n'],
  ['an error of the wire', '-ERR no\r\n'],
  ['a record of ours', '|~1:2:'],
  ['a token of ours', '~1:2:w:3'],
  ['what is owed, of ours', 's|1700000000000|-5|psecret'],
  ['a prefix of ours, of text', 's{"a":1}'],
  ['a prefix of ours, of bytes', 'bAAAA'],
  ['a prefix of ours, of nothing', 'u'],
  ['Lua', "]] .. redis.call('FLUSHALL') .. [["],
  ['a format', '%s %d %1 %b() %%'],
  ['null', null],
  // What JSON turns into something else.
  ['a date', new Date(1_700_000_000_000)],
  ['a date that is none', new Date(Number.NaN)],
  ['a map and a set', { map: new Map([['a', 1]]), set: new Set([1]) }],
  ['an expression and an error', [/a/g, new Error('no')]],
  ['bytes', Uint8Array.of(0, 255)],
  ['an object of a class', new Truck()],
  ['boxes', [new String('a'), new Number(1), new Boolean(false)]],
  ['nothings in an object', { a: undefined, b: () => 1, c: Symbol('c'), [Symbol('d')]: 1 }],
  ['nothings in an array', [undefined, () => 1, Symbol('c')]],
  ['an array with holes', sparse],
  ['an array with names', Object.assign([1], { name: 'lost' })],
  ['one that says what it is', { toJSON: () => ({ said: true }) }],
  ['a getter', Object.defineProperty({}, 'a', { enumerable: true, get: () => 'got' })],
  ['a proxy', open({ a: [1] })],
  ['the same twice, which is no cycle', ((one: object) => [one, one])({ a: 1 })],
]

const no = (what: unknown) => (): never => {
  throw what
}

const cycle: { self?: unknown } = {}
cycle.self = cycle
const list: unknown[] = []
list.push([{ list }])
const bottomless: object = { toJSON: () => ({ down: bottomless }) }
const revoked = Proxy.revocable({}, {})
revoked.revoke()
/** Looked at, it throws; and so does what it throws. */
const thorn = {
  get message(): string {
    return no('a thorn')()
  },
  toString: no('a thorn'),
}

export const REFUSED: readonly Row[] = [
  ['undefined', undefined],
  ['a function', () => 1],
  ['a symbol', Symbol('a')],
  ['a bigint', 1n],
  ['a bigint within', { a: [1n] }],
  ['a cycle', cycle],
  ['a cycle through arrays', list],
  ['one without a bottom', bottomless],
  ['one that says it is nothing', { toJSON: () => undefined }],
  ['one that throws when it is asked', { toJSON: no(new Error('not me')) }],
  ['one that throws nothing', { toJSON: no(undefined) }],
  ['one that throws what cannot be read', { toJSON: no(thorn) }],
  ['a getter that throws', Object.defineProperty({}, 'a', { enumerable: true, get: no(new Error('not me')) })],
  ['a proxy that throws', new Proxy({}, { ownKeys: no(new Error('not me')) })],
  ['a proxy that is gone', revoked.proxy],
  ['a byte too long', 'x'.repeat(MIB - 1)],
  ['a key that makes it a byte too long', { ['k'.repeat(MIB - 5)]: 1 }],
  ['too long in bytes, not in characters', 'ü'.repeat(MIB / 2)],
  ['too long once its quotes are marked', '"'.repeat(MIB / 2)],
  ['too long once its control characters are spelled out', '\0'.repeat(MIB / 6 + 1)],
]
