import { type Edit, edit, inClient, inGame, inLaw, inLua, type Mutant } from './mutant.js'

const PLAIN = 'lua/_plain.lua'
const LONE = 'lua/_lone.lua'
const TAKE = 'lua/_take.lua'
const STEP = 'lua/step.lua'

/** Found where a key of another type refuses a call that has written already. */
const inReplaced = (bug: string, tests: string, edits: readonly Edit[]): Mutant => ({
  ...inClient(bug, 'test/connections/wrong-keys.test.ts', tests, edits),
  where: 'Lua',
})

/** Found where a law is not true of the client that says it in few words. */
const inBrief = (bug: string, chapter: string, edits: readonly Edit[]): Mutant => ({
  ...inLaw(bug, chapter, edits),
  where: 'client',
})

/** Bugs of the short way that a step takes through a plain lane, and of the guard before it that leaves all else to the long one. */
export const PLAIN_LANE: readonly Mutant[] = [
  inLaw('a plain settle that is not fenced', 'settling', [
    edit(PLAIN, "if held[i] ~= of and held[i] ~= '~' .. of then", 'if not held[i] then'),
  ]),
  inLua(
    'a plain step whose number is ignored',
    ['loss'],
    [edit(STEP, 'lazy or prior and tonumber', 'lazy or false and tonumber')],
  ),
  inGame('a plain step that leaves what it settles committed', [
    edit(PLAIN, "left + redis.call('SREM', committed, unpack(ARGV, first, last))", 'left + settled'),
  ]),
  inGame('a plain step that leaves the lease of what it settles', [
    edit(PLAIN, "  redis.call('HDEL', lease, unpack(ARGV, first, last))\n", ''),
  ]),
  inLua(
    'a plain step that starts what another holds',
    ['ahead-lapse'],
    [edit(PLAIN, "if held[i + 1] == '~' .. ARGV[g + 1] then", 'if true then')],
  ),
  inGame('a plain step that does not re-arm the wake token', [
    edit(PLAIN, "if more and tokens == 0 then redis.call('RPUSH', wake, '1') end\n", ''),
  ]),
  inLaw('a plain step that settles what is not claimed any more', 'settling', [
    edit(
      PLAIN,
      "if held[i] ~= of and held[i] ~= '~' .. of then",
      "if held[i] and held[i] ~= of and held[i] ~= '~' .. of then",
    ),
  ]),
  inLua(
    'a plain step two behind that is not refused',
    ['copy'],
    [edit(STEP, '>= tonumber(number)) then', '== tonumber(number)) then')],
  ),
  inGame('a plain step that keeps its epoch to itself', [
    edit(PLAIN, ", 'taken', passed, 'epoch', epoch)\nelseif settled", ", 'taken', passed)\nelseif settled"),
    edit(PLAIN, "'taken', passed, 'epoch', epoch)\nend", "'taken', passed)\nend"),
  ]),
  inGame('a plain step in a queue that is no plain lane', [edit(STEP, '(lazy or prior and', '(prior and')]),
  inLaw('a plain settle by a token that was never given', 'settling', [
    edit(PLAIN, ' or string.byte(of) == 126 then', ' then'),
  ]),
  inLaw('a lone settle that is not fenced', 'settling', [edit(LONE, "(held == of or held == '~' .. of)", 'held')]),
  inLaw('a lone settle by a token that was never given', 'settling', [edit(LONE, 'string.byte(of) ~= 126 and ', '')]),
  inLua(
    'a lone step that leaves what it settles committed',
    ['loss'],
    [edit(LONE, "redis.call('SREM', committed, own)", '1')],
  ),
  inLua(
    'a lone step that leaves the lease of what it settles',
    ['loss'],
    [edit(LONE, "    redis.call('HDEL', lease, own)\n", '')],
  ),
  inLua(
    'a lone step that leaves what it claims in line',
    ['quiet'],
    [edit(LONE, "    redis.call('LTRIM', queued, '1', '-1')\n", '')],
  ),
  inLua(
    'a lone step that does not re-arm the wake token',
    ['quiet'],
    [edit(LONE, "  if more and tokens == 0 then redis.call('RPUSH', wake, '1') end\n", '')],
  ),
  inLua(
    'a lone step that keeps its epoch to itself',
    ['quiet'],
    [
      edit(LONE, "'done', done, 'taken', taken, 'epoch', epoch)", "'done', done, 'taken', taken)"),
      edit(LONE, "totals, 'taken', taken, 'epoch', epoch)", "totals, 'taken', taken)"),
    ],
  ),
  inLua(
    'a lone step that claims ahead as if it had begun',
    ['ahead-lapse'],
    [edit(LONE, "slots ~= '0' and token or '~' .. token", 'token')],
  ),
  inGame('a lone step that claims what has left', [
    edit(LONE, "redis.call('SMISMEMBER', committed, id)[1] == 1 and ", ''),
  ]),
  inGame('a lone step that claims what is claimed', [edit(LONE, 'leaseEnd, id) == 1\n', 'leaseEnd, id) >= 0\n')]),
  inBrief('an ID that is cut at its last space', 'claiming', [
    edit('src/redis/replies.ts', "reply.indexOf(' ')", "reply.lastIndexOf(' ')"),
  ]),
  inClient('a lone result that is not told', 'test/queue/results.test.ts', '', [
    edit(
      'src/redis/step-arguments.ts',
      "group.end !== 'done' || group.results) return",
      "group.end !== 'done') return",
    ),
  ]),
  inBrief('what has begun, left out of a step of few words', 'claiming', [
    edit('src/redis/step-arguments.ts', 'claim > 1 || started.length > 0 ||', 'claim > 1 ||'),
  ]),
  inBrief('the arguments of a step of few words sent with all keys', 'settling', [
    edit('src/redis/call.ts', 'command = full(script, args)', 'command = script.head.concat(command.slice(12))'),
  ]),
  inLaw('a claim of many that leaves what makes a table behind', 'claiming', [
    edit(TAKE, "      redis.call('ZREM', processing, overlong)\n", ''),
  ]),
  inLaw('a claim of many that takes one twice', 'claiming', [edit(TAKE, 'unpack(cells)) - 1', 'unpack(cells))')]),
  inReplaced('a claim from a stale line that writes before it has read', 'each step of a plain lane whose processing', [
    edit(TAKE, "    redis.call('ZCARD', processing)\n", ''),
  ]),
  inReplaced('the first failure of a lane, written before all is read', 'each step of a plain lane whose failures', [
    edit(STEP, "  sound('HLEN', failures, errors,", "  sound('HLEN', errors,"),
  ]),
  inReplaced('a journal that is found to be none once all is written', 'each call on a queue at work whose events', [
    edit('lua/_control.lua', "if is and is ~= 'none'", "if false and is ~= 'none'"),
  ]),
]
