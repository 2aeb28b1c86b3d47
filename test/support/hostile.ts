/** IDs that must simply work, whatever they look like to whom: to JavaScript, Lua, Redis, a terminal, or our own records. */
export const HOSTILE: readonly string[] = [
  // Names that an object has of its own, and other words.
  ...['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'null', 'undefined', 'true', 'NaN', 'nil'],
  // Numbers, in all they are taken for.
  ...['0', '-1', '-0', '007', '1e3', '0x10', '1.0', '9007199254740993', '-inf', '+inf', '(1'],
  // What stands in our own records, tokens, marks and keys.
  ...['~', '~1:2:w:3', '1:2:w:3', '|', '1|2|t|3|', ':', '0:0', '3:1', 'd', 'f', 'r', 'w', '1', 'a:exp', 'a:b:c'],
  ...['convoy:{trucks}:queued', '{tag}', '{', '}', '{}x', 'WITHSCORES', 'NX', 'XX', 'COUNT'],
  // Globs, patterns and formats.
  ...['*', '?', '[a-z]', '\\', '^a$', '.*', '%', '%d', '%s %f', '%1', '%b()', '$1', '$&', '{0}'],
  // Code.
  ...[
    "'); return 1 --",
    "' .. KEYS[1] .. '",
    ']]',
    '--[[',
    '"',
    "'",
    '`',
    `\${x}`,
    '$(id)',
    '; ls',
    '<script>alert(1)</script>',
  ],
  ...['{"a":1}', '[', '"quoted"', '{"__proto__":{"x":1}}', '../../etc/passwd', 'a&b=c', '/a|b', '#'],
  // The wire.
  ...[
    '\r\n',
    '\r\n$5\r\nhello\r\n',
    '*1\r\n$8\r\nFLUSHALL\r\n',
    '+OK\r\n',
    '-ERR no',
    '$-1\r\n',
    '_\r\n',
    'NOSCRIPT x',
  ],
  // White space, and what a terminal obeys or does not show.
  ...[
    ' ',
    'x y',
    ' x',
    'x ',
    '\t',
    'line\nbreak',
    '\0',
    'nul\0byte',
    '\x1b[31mred\x1b[0m',
    '\x1b]0;title\x07',
    '\b',
    '\x7f',
  ],
  ...['\u009b2J', '\u00a0', '\u2028', '\u202ecba', '\u200f', '\u200b', '\ufeff', '\u{e0041}'],
  // The same to the eye, not to us; and an order that differs between UTF-8 and UTF-16.
  ...['é', 'e\u0301', '～', '🚚', '\u{10ffff}', '👩‍🚒', 'İ', 'ﬀ', '\ufffd'],
  // As long as may be: 1,024 bytes of one, two, three and four each, and all together.
  ...['x'.repeat(1_024), 'é'.repeat(512), `${'€'.repeat(341)}x`, '🚚'.repeat(256), `${'x'.repeat(1_020)}🚚`],
]

/** IDs that are made of each other as our own fields, keys and records are: what is of one must be of no other. */
export const ALIKE: readonly string[] = [
  // Fields of `results` are `r` or `l`, and then the ID.
  ...['a', 'ra', 'la', 'rra', 'rla', 'lra', 'lla', 'r', 'l', 'rr', 'll'],
  // Joined, or cut off.
  ...[
    'a:exp',
    'a:0',
    '0 a',
    '1 a',
    'a 1',
    '~a',
    'a|',
    '|a',
    's|||a',
    'a\0',
    '\0a',
    'a\n',
    'a\r\n',
    'a}',
    '{a}',
    'pa',
    'sa',
  ],
  ...['__proto__', 'r__proto__', 'l__proto__', 'constructor', 'rconstructor'],
  // One byte apart, at the very end.
  ...['x'.repeat(1_024), 'x'.repeat(1_023), `${'x'.repeat(1_023)}y`, `r${'x'.repeat(1_023)}`],
  ...['é'.repeat(512), 'é'.repeat(511), `${'é'.repeat(511)}è`, '🚚'.repeat(256), `${'🚚'.repeat(255)}🚛`],
]

/** What a line of a log must not hold: it could end the line, colour it, or turn it around. */
export const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u
