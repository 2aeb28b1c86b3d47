import type { Mutant } from './mutant.js'
import { edit, inClient, inGame, inLaw, inLua, inModel, inSuite } from './mutant.js'

const STEP = 'lua/step.lua'
const SWEEP = 'lua/sweep.lua'
const SETTLE = 'src/memory/settle.ts'
const SWEEPS = 'src/memory/sweep.ts'
const STEPS = 'src/memory/step.ts'
const CLAIM = 'lua/_take.lua'
const LONE = 'lua/_lone.lua'
const TAKE = 'src/memory/claim.ts'

/** Bugs of the protocol: in the Lua, where the real server must differ from the model; in the model, where a law must break. */
export const PROTOCOL: readonly Mutant[] = [
  inLua(
    'a publish that breaks off halfway: committed, and not in line',
    ['loss'],
    [edit('lua/publish.lua', "    length = redis.call('RPUSH', queued, unpack(ARGV, 2))\n", '')],
  ),
  inModel(
    'a publish that breaks off halfway: committed, and not in line',
    ['loss'],
    [edit('src/memory/publish.ts', '    toTail(state, fresh, ms)\n', '')],
  ),
  inLua(
    'a settle that is not fenced',
    ['loss-lapse'],
    [edit(STEP, 'if held[i] ~= token and held[i] ~= ahead then', 'if not held[i] then')],
  ),
  inModel(
    'a settle that is not fenced',
    ['loss-lapse'],
    [edit(SETTLE, 'if (!owns(lease.get(id), settlement.token)) {', 'if (!lease.has(id)) {')],
  ),
  inLua(
    'a renewal that ignores the token',
    ['withdraw-renew'],
    [edit(STEP, 'if not renewing.held[i] then', "if redis.call('HEXISTS', lease, id) == 0 then")],
  ),
  inModel(
    'a renewal that ignores the token',
    ['withdraw-renew'],
    [edit(SETTLE, 'if (!owns(state.lease.get(id), token)) {', 'if (!state.lease.has(id)) {')],
  ),
  inLua(
    'a sweep that does not compare lease ends',
    ['crash'],
    [edit(SWEEP, "processing, '-inf', ms, 'LIMIT'", "processing, '-inf', '+inf', 'LIMIT'")],
  ),
  inModel(
    'a sweep that does not compare lease ends',
    ['crash'],
    [edit(SWEEPS, 'between(Number.NEGATIVE_INFINITY, ms, request.limit)', 'slice(0, request.limit)')],
  ),
  inLua(
    'a sweep that drops what jammed',
    ['crash'],
    [
      edit(
        SWEEP,
        '  to.head[#to.head + 1] = name\n',
        '  local place = started and to.free or to.head\n  place[#place + 1] = name\n',
      ),
    ],
  ),
  inModel(
    'a sweep that drops what jammed',
    ['crash'],
    [edit(SWEEPS, 'if (due <= ms) places.head.push(id)', 'if (due <= ms) places.free.push(id)')],
  ),
  inLua(
    'a jam that is not counted',
    ['jams'],
    [edit(SWEEP, 'jams, count.jammed = jams + 1,', 'jams, count.jammed = jams,')],
  ),
  inModel('a jam that is not counted', ['jams'], [edit(SWEEPS, '    jams++\n', '')]),
  inLaw('leases that a clock set back leaves for as long', 'sweeping', [
    edit(SWEEP, 'local far = ms < at and', 'local far = false and'),
  ]),
  inLaw('a guard’s seat that a clock set back leaves taken', 'sweeping', [
    edit(SWEEP, 'and till > ms and at <= ms then', 'and till > ms then'),
  ]),
  inSuite('leases that a clock set back leaves for as long', [
    edit(SWEEPS, 'ms < guard.at ? processing', 'ms < 0 ? processing'),
  ]),
  inLua(
    'a late guard that gives no grace',
    ['crash'],
    [edit(SWEEP, 'if #lapsed > 0 and grace > ms then', 'if false then')],
  ),
  inModel('a late guard that gives no grace', ['crash'], [edit(SWEEPS, 'guard.grace > ms ?', 'guard.grace < 0 ?')]),
  inLua(
    'a failure that leaves the ID committed',
    ['failed'],
    [edit('lua/_ends.lua', 'if #to.free > 0 then', 'if #to.free > #to.failing then')],
  ),
  inModel(
    'a failure that leaves the ID committed',
    ['failed'],
    [edit('src/memory/places.ts', 'of this.failed) {\n      leave(state, id)\n', 'of this.failed) {\n')],
  ),
  inLua(
    'a promotion that puts an ID in line twice',
    ['jams'],
    [
      edit(
        'lua/_tail.lua',
        '    toTail(queued, ghosts, marks, due, count, ms)\n',
        '    for _ = 1, 2 do toTail(queued, ghosts, marks, due, count, ms) end\n',
      ),
    ],
  ),
  inModel(
    'a promotion that puts an ID in line twice',
    ['jams'],
    [edit('src/memory/line.ts', '  toTail(state, due, ms)\n', '  toTail(state, due, ms)\n  toTail(state, due, ms)\n')],
  ),
  inLua(
    'an epoch that does not rise',
    ['quiet'],
    [edit(CLAIM, 'math.max(micros, epoch + 1)', '1'), edit(LONE, 'epoch = (#micros', "epoch = '1' or (#micros")],
  ),
  inModel('an epoch that does not rise', ['quiet'], [edit(TAKE, 'Math.max(now, totals.epoch + 1)', '1')]),
  inLua(
    'a token that does not name its step',
    ['quiet'],
    [
      edit(CLAIM, " .. ':' .. worker .. ':' .. ARGV[2]\n", '\n'),
      edit(LONE, " .. ':' .. worker .. ':' .. number\n", '\n'),
    ],
  ),
  inModel('a token that does not name its step', ['rollback-copy'], [edit(TAKE, 'request.worker}:', "'w'}:")]),
  inLua(
    'a withdrawal that leaves what was known of the ID',
    ['withdraw-fail'],
    [edit('lua/withdraw.lua', "redis.call('HDEL', tries, unpack(ids))\n", '')],
  ),
  inModel(
    'a withdrawal that leaves what was known of the ID',
    ['withdraw-fail'],
    [edit('src/memory/withdraw.ts', '    state.tries.delete(id)\n', '')],
  ),
  inLua('step numbers that are ignored', ['loss'], [edit(STEP, 'if last == number then', 'if last == -1 then')]),
  inModel(
    'step numbers that are ignored',
    ['loss'],
    [edit(STEPS, 'prior?.number === number ?', 'prior?.number === -1 ?')],
  ),
  inLua(
    'a step two behind that is not refused',
    ['copy'],
    [edit(STEP, 'if last > number then', 'if last > number + 1000 then')],
  ),
  inModel(
    'a step two behind that is not refused',
    ['copy'],
    [edit(STEPS, 'prior.number > number', 'prior.number > number + 1000')],
  ),
  inLua(
    'a claim ahead that counts as started',
    ['ahead-lapse'],
    [edit(CLAIM, '(#ids + i <= slots) and token or ahead', 'token')],
  ),
  inModel(
    'a claim ahead that counts as started',
    ['ahead-lapse'],
    [edit(TAKE, 'ids.length <= request.slots ? token : ahead', 'token')],
  ),
  inLua(
    'a sweep that does not heed the mark of what has not started',
    ['ahead-lapse'],
    [edit(SWEEP, 'token, started = string.sub(token, 2), 0', 'token, started = string.sub(token, 2), 1')],
  ),
  inModel(
    'a sweep that does not heed the mark of what has not started',
    ['ahead-lapse'],
    [edit(SWEEPS, '    if (!started) return', "    if (held === '') return")],
  ),
  inGame('a withdrawal from one state that takes what is in others', [
    edit('lua/withdraw.lua', 'if not from or letter == from then', 'if true then'),
  ]),
  inSuite('a withdrawal from one state that takes what is in others', [
    edit('src/memory/withdraw.ts', 'if (from !== undefined && was !== from) return was\n', ''),
  ]),
  inClient('a withdrawal of all in a state that does not say which', 'test/queue/honesty.unit.test.ts', '', [
    edit('src/operator.ts', 'store.withdraw({ ids: some, from }, patience)', 'store.withdraw({ ids: some }, patience)'),
  ]),
  inLua(
    'a ghost that is not taken over',
    ['withdraw'],
    [
      edit(
        'lua/_tail.lua',
        'if stale[i] == 1 then taken[#taken + 1] = id else',
        'if false then taken[#taken + 1] = id else',
      ),
    ],
  ),
  inModel(
    'a ghost that is not taken over',
    ['withdraw'],
    [
      edit(
        'src/memory/line.ts',
        'if (its === undefined) return !ghosts.delete(id)',
        'if (its === undefined) return true',
      ),
    ],
  ),
  inGame('a step that does not re-arm the wake token', [
    edit(STEP, 'arm(wake, tokens, (open or (nudge and not whole.paused)) and 1 or 0)\n', ''),
  ]),
  inModel('a step that does not re-arm the wake token', ['quiet'], [edit(STEPS, '  if (more) state.wake = 1\n', '')]),
  inLua(
    'a run owed that is lost at a failure',
    ['rerun-lapse'],
    [edit('lua/_settle.lua', 'if debt then\n          to.stays[id]', 'if false then\n          to.stays[id]')],
  ),
  inModel(
    'a run owed that is lost at a failure',
    ['rerun-lapse'],
    [
      edit(SETTLE, 'stays: owed !== undefined', 'stays: false'),
      edit(SETTLE, 'if (owed === undefined) places.failed', 'if (id !== undefined) places.failed'),
    ],
  ),
  inLua(
    'a withdrawn run that settles as done',
    ['withdraw'],
    [edit('lua/_settle.lua', 'if of.gone[i] == 1 or (debt', 'if (debt')],
  ),
  inModel(
    'a withdrawn run that settles as done',
    ['withdraw'],
    [edit(SETTLE, 'const gone = state.withdrawn.has(id)', 'const gone = false')],
  ),
  inLua(
    'a clearing that forgets what runs',
    ['clear'],
    [
      edit(
        'lua/clear.lua',
        "for i = 1, #running, 1000 do redis.call('SADD', committed, unpack(running, i, math.min(i + 999, #running))) end\n",
        '',
      ),
    ],
  ),
  inModel(
    'a clearing that forgets what runs',
    ['clear'],
    [edit('src/memory/clear.ts', '  for (const id of state.processing.slice()) state.committed.add(id)\n', '')],
  ),
]
