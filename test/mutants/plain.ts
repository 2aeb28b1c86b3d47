import { edit, inGame, inLaw, inLua, type Mutant } from './mutant.js'

const PLAIN = 'lua/_plain.lua'

/** Bugs of the short way that a step takes through a plain lane, and of the guard before it that leaves all else to the long one. */
export const PLAIN_LANE: readonly Mutant[] = [
  inLaw('a plain settle that is not fenced', 'settling', [
    edit(PLAIN, "if held[i] ~= of and held[i] ~= '~' .. of then", 'if not held[i] then'),
  ]),
  inLua(
    'a plain step whose number is ignored',
    ['loss'],
    [edit(PLAIN, ' or prior and tonumber', ' or false and tonumber')],
  ),
  inLua(
    'a plain step that leaves what it settles committed',
    ['loss'],
    [edit(PLAIN, "left + redis.call('SREM', committed, unpack(ARGV, first, last))", 'left + settled')],
  ),
  inLua(
    'a plain step that leaves the lease of what it settles',
    ['loss'],
    [edit(PLAIN, "  redis.call('HDEL', lease, unpack(ARGV, first, last))\n", '')],
  ),
  inLua(
    'a plain step that starts what another holds',
    ['ahead-lapse'],
    [edit(PLAIN, "if held[i + 1] == '~' .. ARGV[g + 1] then", 'if true then')],
  ),
  inLua(
    'a plain step that does not re-arm the wake token',
    ['quiet'],
    [edit(PLAIN, "if tokens == 0 and length > 0 then redis.call('RPUSH', wake, '1') end\n", '')],
  ),
  inLaw('a plain step that settles what is not claimed any more', 'settling', [
    edit(
      PLAIN,
      "if held[i] ~= of and held[i] ~= '~' .. of then",
      "if held[i] and held[i] ~= of and held[i] ~= '~' .. of then",
    ),
  ]),
  inLua('a plain step two behind that is not refused', ['copy'], [edit(PLAIN, '>= number then', '== number then')]),
  inLua(
    'a plain step that keeps its epoch to itself',
    ['quiet'],
    [
      edit(PLAIN, ", 'taken', passed, 'epoch', epoch)\nelseif settled", ", 'taken', passed)\nelseif settled"),
      edit(PLAIN, "'taken', passed, 'epoch', epoch)\nend", "'taken', passed)\nend"),
    ],
  ),
  inGame('a plain step in a queue that is no plain lane', [edit(PLAIN, 'if lazy or leaving', 'if leaving')]),
  inLaw('a plain settle by a token that was never given', 'settling', [
    edit(PLAIN, ' or string.byte(of) == 126 then', ' then'),
  ]),
]
