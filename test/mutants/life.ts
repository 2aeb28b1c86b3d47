import { edit, inClient, inGame, inLaw, inLaws, inSuite, type Mutant } from './mutant.js'

const MEET = 'lua/_meet.lua'
const PURGE = 'lua/_purge.lua'
const SETTLE_LUA = 'lua/_settle.lua'
const ENDS = 'lua/_ends.lua'
const CARGO = 'lua/_cargo.lua'
const CONTROL = 'lua/_control.lua'
const DEDUPE = 'src/memory/dedupe.ts'
const TAKE = 'src/memory/claim.ts'
const SETTLE = 'src/memory/settle.ts'
const LIMITS = 'src/memory/limits.ts'
const LINE = 'src/memory/line.ts'
const KEEPSAKES = 'src/memory/keepsakes.ts'
const PLACES = 'src/memory/places.ts'
const WITHDRAW = 'src/memory/withdraw.ts'

/** Bugs in the life of a job: what it brings, when it may run, what is kept of it, who is told. Each in the Lua and in the model. */
export const LIFE: readonly Mutant[] = [
  inGame('a run owed that begins with the payload of the run before', [
    edit(ENDS, '  add(to.payloads, id, debt.payload)\n  add(to.priorities, id, debt.weight or false)\n', ''),
  ]),
  inSuite('a run owed that begins with the payload of the run before', [
    edit('src/memory/owed.ts', '  setPayload(state, id, run.payload)\n  setPriority(', '  setPriority('),
  ]),
  inGame('a retry that forgets its attempts', [
    edit(SETTLE_LUA, "tonumber(string.match(of.tries[i] or '0', '^%d+')) + 1", '1'),
  ]),
  inSuite('a retry that forgets its attempts', [edit(SETTLE, 'Number(attempts) + 1', '1')]),
  inGame('a backoff that a publish cuts short', [
    edit(MEET, '  if record.backoff then due = math.max(due, record.due) end\n', ''),
  ]),
  inSuite('a backoff that a publish cuts short', [
    edit(DEDUPE, 'state.tries.has(id) ? was : Number.NEGATIVE_INFINITY', 'Number.NEGATIVE_INFINITY'),
  ]),
  inGame('a debounce that nothing ends', [edit(MEET, 'if maxWait and born then', 'if false then')]),
  inSuite('a debounce that nothing ends', [edit(DEDUPE, 'maxWait === undefined ?', 'true ?')]),
  inGame('a raised ID without a mark for its entry in the line', [
    edit('lua/_records.lua', 'if record.inLine and record.weight then', 'if false then'),
  ]),
  inLaws('a raised ID without a mark for its entry in the line', [
    edit(DEDUPE, 'state.prioritized.delete(id)) state.ghosts.add(id)', 'state.prioritized.delete(id)) state.wake = 1'),
  ]),
  inGame('a release that goes behind those of its priority', [edit('lua/_tail.lua', 'side * n - of[i]', 'n - of[i]')]),
  inSuite('a release that goes behind those of its priority', [
    edit(LINE, 'end * ++state.totals.sequence', '++state.totals.sequence'),
  ]),
  inGame('a result that is kept without its epoch', [
    edit(SETTLE_LUA, "string.match(of.held[i], '^~?(%d+)') .. ' ' .. result", "'0 ' .. result"),
  ]),
  inSuite('a result that is kept without its epoch', [edit(KEEPSAKES, "token.split(':')[0]", '0')]),
  inGame('a rate whose window never ends', [
    edit('lua/_policy.lua', 'or ms < start or ms >= start + policy.per then', 'or ms < start then'),
  ]),
  inSuite('a rate whose window never ends', [
    edit(LIMITS, 'ms < rate.start || ms >= rate.start + per', 'ms < rate.start || per < 0'),
  ]),
  inGame('a limit that does not count what other workers hold', [
    edit('lua/_policy.lua', "policy.active - redis.call('ZCARD', processing)", 'policy.active'),
  ]),
  inSuite('a limit that does not count what other workers hold', [
    edit(LIMITS, 'this.#active - this.#state.processing.size', 'this.#active'),
  ]),
  inGame('a paused queue that is claimed from', [
    edit(CONTROL, 'blocked = paused or hold > ms', 'blocked = hold > ms'),
  ]),
  inSuite('a paused queue that is claimed from', [
    edit(LINE, 'control.paused || control.hold > ms', 'control.hold > ms'),
  ]),
  inGame('a hold that nobody ends', [
    edit(CONTROL, 'paused or hold > ms', 'paused or hold > 0'),
    edit('lua/_purge.lua', "redis.call('HDEL', control, 'hold', 'holder')", ''),
  ]),
  inSuite('a hold that nobody ends', [
    edit(LINE, 'control.paused || control.hold > ms', 'control.paused || control.hold > 0'),
    edit(KEEPSAKES, '  if (control.hold <= ms) letPass(state)\n', ''),
  ]),
  inGame('a hold of whose end nobody is told', [
    edit('lua/step.lua', 'if raised or earlier(soonest, first) then', 'if earlier(soonest, first) then'),
  ]),
  inSuite('a hold of whose end nobody is told', [
    edit('src/memory/alarm.ts', 'if (!sooner && hold <= Math.max(before.hold, ms))', 'if (!sooner)'),
  ]),
  inGame('a remembered ID that runs again', [edit(MEET, "  if place == 'remembered' then return 'm' end\n", '')]),
  inSuite('a remembered ID that runs again', [edit(DEDUPE, "  if (isRemembered(state, id, ms)) return 'm'\n", '')]),
  inLaw('what is over goes more slowly than it comes', 'remembering', [
    edit(PURGE, "remembered, '-inf', ms, 'LIMIT', 0, 1000", "remembered, '-inf', ms, 'LIMIT', 0, 100"),
  ]),
  inSuite('what is over goes more slowly than it comes', [edit(KEEPSAKES, 'const MOST = 1_000', 'const MOST = 100')]),
  inLaw('a step that claims nothing adds and drops nothing', 'remembering', [
    edit('lua/step.lua', '    purge(remembered', '    if claim > 0 then purge(remembered'),
    edit('lua/step.lua', '    if claim > 0 then promote(delayed', '      promote(delayed'),
  ]),
  inSuite('a step that claims nothing adds and drops nothing', [
    edit('src/memory/step.ts', '    purge(state, ms)\n', '    if (request.claim > 0) purge(state, ms)\n'),
  ]),
  inLaw('a sweep that leaves what is over and calls it a day', 'remembering', [
    edit('lua/sweep.lua', '(over or #far == limit)', '(#far == limit)'),
  ]),
  inSuite('a sweep that leaves what is over and calls it a day', [
    edit('src/memory/sweep.ts', 'more: far || over || (', 'more: far || ('),
  ]),
  inLaw('a run owed that is remembered from the publish before', 'remembering', [
    edit(MEET, '    bear(record, new)\n    record.debt', '    record.debt'),
  ]),
  inSuite('a run owed that is remembered from the publish before', [
    edit(DEDUPE, "    if (letter === 'r') bear(call, id, wanted)\n", ''),
  ]),
  inLaw('a run owed that brings nothing leaves the payload of the run before', 'deduping', [
    edit(
      ENDS,
      'if not debt then return 0 end\n  add(to.payloads',
      'if not debt then return 0 end\n  if debt.payload then add(to.payloads',
    ),
    edit(ENDS, '  if debt.weight and', '  end\n  if debt.weight and'),
  ]),
  inSuite('a run owed that brings nothing leaves the payload of the run before', [
    edit(
      'src/memory/owed.ts',
      '  setPayload(state, id, run.payload)\n  if (run.priority',
      '  if (run.payload !== undefined) setPayload(state, id, run.payload)\n  if (run.priority',
    ),
  ]),
  inGame('a payload that stays when its ID is free', [
    edit(ENDS, "    redis.call('HDEL', payload, unpack(to.forgotten))\n", ''),
  ]),
  inLaws('a payload that stays when its ID is free', [
    edit('src/memory/places.ts', '      leave(state, id)\n      dropBaggage(state, id)\n', '      leave(state, id)\n'),
  ]),
  inGame('a superseded run whose failure counts', [
    edit(SETTLE_LUA, "(debt and debt.superseding and kind ~= 'd' and kind ~= 'k')", 'false'),
  ]),
  inSuite('a superseded run whose failure counts', [
    edit(SETTLE, 'const superseded = !gone &&', 'const superseded = gone &&'),
  ]),
  inGame('a slot that is published twice', [edit(MEET, 'record.slot >= new.slot', 'record.slot > new.slot')]),
  inSuite('a slot that is published twice', [edit(DEDUPE, 'schedule.slot >= slot', 'schedule.slot > slot')]),
  inGame('a full queue that refuses a duplicate', [
    edit(MEET, "if (place == 'absent' or (place == 'failed' and failing == 'r')) and most ~= 0", 'if most ~= 0'),
  ]),
  inSuite('a full queue that refuses a duplicate', [
    edit(
      DEDUPE,
      '  if (state.delayed.has(id)) return meetDelayed',
      "  if (policy.maxLength && state.committed.size >= policy.maxLength) return 'x'\n  if (state.delayed.has(id)) return meetDelayed",
    ),
  ]),
  inGame('a delayed ID that is due first, and nobody is told', [
    edit('lua/publish.lua', 'local nudge = earlier(soonest, firstDue(delayed))', 'local nudge = false'),
  ]),
  inSuite('a delayed ID that is due first, and nobody is told', [
    edit('src/memory/publish.ts', '  if (nobodyKnows(state, before, ms)) nudge(state)\n', ''),
  ]),
  inGame('a journal without the messages that somebody heard', [
    edit(
      CONTROL,
      "if whole.journal > 0 then redis.call('XADD'",
      "if whole.journal > 0 and not whole.heard then redis.call('XADD'",
    ),
  ]),
  inSuite('a journal without the messages that somebody heard', [
    edit(
      'src/memory/news.ts',
      'if (control.journal === 0) return',
      'if (control.journal === 0 || state.listening) return',
    ),
  ]),
  inGame('a report of one whose claim is lost', [
    edit('lua/report.lua', "(held ~= token and held ~= '~' .. token)", 'false'),
  ]),
  inSuite('a report of one whose claim is lost', [
    edit(
      'src/memory/report.ts',
      'if (!owns(state.lease.get(id), token)) return false',
      'if (!state.lease.has(id)) return false',
    ),
  ]),
  inGame('an ordered queue in which the next one passes by', [
    edit(SETTLE_LUA, "due, kind = holdFor(to, id, due, ms), 'r' end", 'due = holdFor(to, id, due, ms) end'),
  ]),
  inSuite('an ordered queue in which the next one passes by', [
    edit(
      SETTLE,
      '          places.head.push(id)\n          hold(state, id, due, ms)',
      '          places.tail.push(id)\n          hold(state, id, due, ms)',
    ),
  ]),
  inLaw('a clear that gives the running their payloads back in one command', 'keeping', [
    edit('lua/clear.lua', '#births), 2000 do', '#births), 20000 do'),
    edit('lua/clear.lua', 'i + 1999, #list', 'i + 19999, #list'),
  ]),
  inLaw('a result that outlives a later run without one', 'remembering', [
    edit('lua/_settle.lua', 'if #outdated > 0 and of.results > 0 then', 'if false then'),
  ]),
  inSuite('a result that outlives a later run without one, in memory', [
    edit(KEEPSAKES, '  else drop(', '  else keptText('),
  ]),
  inClient('a log that is cut line by line', 'test/queue/reports.test.ts', 'a log of thousands', [
    edit(
      'lua/report.lua',
      "local cut = #text > most and string.find(text, '\\n', #text - most, true)",
      "while #text > most and string.find(text, '\\n', 1, true) do text = string.sub(text, string.find(text, '\\n', 1, true) + 1) end\n  local cut",
    ),
  ]),
  inLaw('a line that stands for one that was withdrawn', 'retrying', [
    edit('lua/withdraw.lua', "if passes then redis.call('HDEL', control, 'hold', 'holder') end\n", ''),
  ]),
  inSuite('a line that stands for one that was withdrawn', [
    edit(WITHDRAW, '    letPass(state)\n    arm(state, ms)\n', ''),
  ]),
  inLaw('a line that goes on after a withdrawal, and nobody is woken', 'retrying', [
    edit('lua/withdraw.lua', 'arm(wake, tokens, passes and', 'arm(wake, tokens, false and'),
  ]),
  inSuite('a line that goes on after a withdrawal, and nobody is woken', [edit(WITHDRAW, '    arm(state, ms)\n', '')]),
  inLaw('a line held for two that goes on when one of them is withdrawn', 'retrying', [
    edit(ENDS, "to.hold > ms and '' or id", 'id'),
  ]),
  inSuite('a line held for two that goes on when one of them is withdrawn', [
    edit(PLACES, "control.hold > ms ? '' : id", 'id'),
  ]),
  inLaw('a hold that is cut short by a shorter one', 'retrying', [edit(ENDS, 'math.max(to.hold, till)', 'till')]),
  inSuite('a hold that is cut short by a shorter one', [edit(PLACES, 'Math.max(control.hold, until)', 'until')]),
  inLaw('an attempt without a pause, and a worker who is no more to ask when he was told', 'retrying', [
    edit('lua/step.lua', 'raised = to.hold > math.max(whole.hold, ms)', 'raised = to.hold > whole.hold'),
  ]),
  inLaw('a claim that brings payloads however large they are together', 'claiming', [
    edit(CARGO, 'cargo.full = bytes > CARGO and cargo.bytes > 0', 'cargo.full = false'),
  ]),
  inSuite('a claim that brings payloads however large they are together', [
    edit(TAKE, 'full = bytes > CARGO && cargo > 0', 'full = false'),
  ]),
  inLaw('a payload that alone is more than a claim brings, and never comes', 'claiming', [
    edit(CARGO, 'bytes > CARGO and cargo.bytes > 0', 'bytes > CARGO'),
  ]),
  inSuite('a payload that alone is more than a claim brings, and never comes', [
    edit(TAKE, 'bytes > CARGO && cargo > 0', 'bytes > CARGO'),
  ]),
  inGame('a worker that fills up, and nobody else is told what is due', [
    edit('lua/step.lua', '(leaving or (claim > 0 and #ids == claim))', 'leaving'),
  ]),
  inSuite('a worker that fills up, and nobody else is told what is due', [
    edit('src/memory/step.ts', '(request.leaving || full) && handOn', 'request.leaving && handOn'),
  ]),
  inGame('a worker that leaves, and nobody else is told what is due', [
    edit('lua/step.lua', '(leaving or (claim > 0 and #ids == claim))', '(claim > 0 and #ids == claim)'),
  ]),
  inSuite('a worker that leaves, and nobody else is told what is due', [
    edit('src/memory/step.ts', '(request.leaving || full) && handOn', 'full && handOn'),
  ]),
]
