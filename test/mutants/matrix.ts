import { edit, inChaos, type Mutant } from './mutant.js'

const CALL = 'src/redis/call.ts'
const CONNECTION = 'src/redis/connection.ts'
const SWEEP = 'lua/sweep.lua'

/** Whatever becomes of a call whose connection was lost, it does not go out again by itself. */
const GIVEN_UP = edit(
  CALL,
  "if (trouble?.kind === 'fatal' ||",
  "if (trouble?.kind === 'fatal' || trouble?.kind === 'unknown' ||",
)

/** Bugs that processes and servers show which are killed, stalled and cut off: by the histories they leave. */
export const MATRIX: readonly Mutant[] = [
  inChaos('a claim that leaves the last of what it takes in line', 'calm', [
    edit('lua/_take.lua', "redis.call('LTRIM', queued, #popped, -1)", "redis.call('LTRIM', queued, #popped - 1, -1)"),
  ]),
  inChaos('a publish that answers `queued`, and puts the ID nowhere', 'calm', [
    edit('lua/publish.lua', "  redis.call('RPUSH', queued, ARGV[2])\n", ''),
  ]),
  inChaos('a sweep that takes a claim back, and puts the ID nowhere', 'worker-kill', [
    edit(SWEEP, '  to.head[#to.head + 1] = name\n', ''),
  ]),
  inChaos('a key by another name, which the version before knows nothing of', 'two-versions', [
    edit(
      'src/redis/keys.ts',
      'name: string, part: Part): string {',
      "name: string, given: Part): string {\n  const part = given === 'lease' ? 'leases' : given",
    ),
  ]),
  inChaos('a settle that no token fences', 'worker-stall', [
    edit('lua/_lone.lua', "(held == of or held == '~' .. of)", 'held'),
    edit('lua/_plain.lua', "if held[i] ~= of and held[i] ~= '~' .. of then", 'if not held[i] then'),
    edit('lua/step.lua', 'if held[i] ~= token and held[i] ~= ahead then', 'if not held[i] then'),
  ]),
  inChaos('a run owed that gets the payload of the run before', 'worker-kill-owing', [
    edit('lua/_ends.lua', '  add(to.payloads, id, debt.payload)\n  add(to.priorities, id, debt.weight or false)\n', ''),
  ]),
  inChaos('a publish whose answer was lost is told as one that was never sent', 'net-lost-replies', [
    GIVEN_UP,
    edit(CALL, 'throw sent ? unknown(last) : (trouble?.error ?? last)', "throw new ConvoyError('UNAVAILABLE')"),
  ]),
  inChaos(
    'a caller that gives up at the first lost connection',
    'net-lost-replies',
    [GIVEN_UP],
    'no publish was repeated',
  ),
  inChaos(
    'a call without a deadline of its own, over a wire that is kept whatever it does',
    'net-black-hole',
    [
      edit(CONNECTION, 'if (!wire.takeBack?.(answer)) reject(new Silence(first))\n', ''),
      edit(
        CONNECTION,
        'if (first >= replyTimeout) this.lose(wire)\n        else timer',
        'if (first < replyTimeout) timer',
      ),
      edit(CONNECTION, 'timer = clock.setTimer(() => this.lose(wire), replyTimeout - first)', 'timer = undefined'),
    ],
    'no call was repeated',
  ),
  inChaos('a sweep that gives the living no time after the clock has leapt', 'redis-clock', [
    edit(SWEEP, 'if #lapsed > 0 and grace > ms then', 'if false then'),
  ]),
  inChaos('a guard whose seat outlives it', 'guard-kill', [
    edit(SWEEP, 'math.min(till, at + math.floor(every * 1.5))', 'till'),
    edit(SWEEP, "'until', ms + math.floor(every * 1.5))", "'until', ms + math.floor(every * 15))"),
  ]),
]
