import { edit, inClient, type Mutant } from './mutant.js'

/** Bugs of the worker, the publisher and the way to the server: found by the tests of what they do. */
export const CLIENTS: readonly Mutant[] = [
  inClient('a worker that settles before the handler has ended', 'test/queue/handler-ends.test.ts', '', [
    edit(
      'src/worker/runs.ts',
      "if ((typeof result !== 'object' && typeof result !== 'function') || result === null) {",
      'if (this.#runs.size > 0) {',
    ),
  ]),
  inClient(
    'a publish that is sent again overtakes a later one of its ID',
    'test/connections/publish-order.test.ts',
    '',
    [edit('src/flights.ts', 'if (ahead.length > 0) await', 'if (ahead.length < 0) await')],
  ),
  inClient('a long lease that is renewed at its own third', 'test/queue/lease.test.ts', 'a lease of its own is kept', [
    edit('src/queue.ts', 'beat: lease / 3', 'beat: rest.lease / 3'),
  ]),
  inClient(
    'what is done by hand and was sent twice is told as if it was sent once',
    'test/connections/lost-replies.test.ts',
    'by hand',
    [edit('src/redis/replies.ts', 'as State), repeated }', 'as State), repeated: false }')],
  ),
  inClient(
    'a script that breaks off is sent again and again',
    'test/connections/wrong-keys.test.ts',
    'a value that is damaged',
    [edit('src/redis/trouble.ts', "user_script:\\d+/, 'fatal',", "user_script:\\d+/, 'unknown',")],
  ),
  inClient('a sweep that was cut short tells of nothing', 'test/queue/honesty.unit.test.ts', 'a sweep', [
    edit('src/sweeper.ts', "throw afterSome(trouble, jammed.length, 'IDs were recovered')", 'throw trouble.error'),
  ]),
  inClient('a wait that is cut off forgets what is due', 'test/connections/late.test.ts', '', [
    edit('src/worker/steps.ts', 'claim: 0 })), more: true }', 'claim: 0 })) }'),
  ]),
  inClient(
    'a worker that drops a claim when its answer is lost',
    'test/connections/lost-replies.test.ts',
    'a claim whose answer',
    [
      edit(
        'src/redis/call.ts',
        "if (trouble?.kind === 'fatal' ||",
        "if (trouble?.kind === 'fatal' || trouble?.kind === 'unknown' ||",
      ),
      edit('src/worker/steps.ts', "if (trouble.code === 'REFUSED' ||", "if (trouble.code !== 'UNAVAILABLE' ||"),
    ],
  ),
  inClient('a step sent in a lane whose step before has no answer yet', 'test/connections/step-order.test.ts', '', [
    edit('src/worker/steps.ts', 'this.#busy.has(WORKING[0]) ? WORKING[1] : WORKING[0]', 'WORKING[0]'),
  ]),
  inClient('a worker that does not renew', 'test/queue/lease.test.ts', 'renewed at a third', [
    edit('src/worker/watch.ts', '      claims.renew()\n      if (claims.pending', '      if (claims.pending'),
  ]),
  inClient(
    'a late answer that touches a newer claim',
    'test/queue/honesty.unit.test.ts',
    'late answer to an old renewal',
    [edit('src/worker/answers.ts', 'if (job?.token !== token) return', 'if (!job) return')],
  ),
  inClient(
    'a worker that runs what was claimed when it closes',
    'test/queue/close.test.ts',
    'was on its way when close was called',
    [edit('src/worker/runs.ts', 'if (this.#shut) this.#options.ends.release(job)\n    else this', 'this')],
  ),
  inClient(
    'a lost answer that is told as a first one',
    'test/connections/lost-replies.test.ts',
    'its verdict says so',
    [edit('src/redis/call.ts', 'command, rest), repeated: sent }', 'command, rest), repeated: false }')],
  ),
  inClient('scripts without #!lua, which a full server breaks off halfway', 'test/connections/refusals.test.ts', '', [
    edit('src/redis/scripts.ts', 'head}\\nlocal', 'head.slice(99)}\\nlocal'),
  ]),
  inClient(
    'an epoch that follows a clock that is set back',
    'test/store.test.ts',
    'the Redis store .*tokens never come twice',
    [
      edit('lua/_take.lua', 'math.max(micros, epoch + 1)', 'micros'),
      edit('lua/_lone.lua', ' and micros or string.format(WHOLE, epoch + 1)', ' and micros or micros'),
    ],
  ),
  inClient('a batch in which an ID comes twice enters twice', 'test/model/side-by-side.test.ts', '', [
    edit('lua/publish.lua', 'elseif seen[id] then', 'elseif false then'),
  ]),
  inClient(
    'a batch of which a later part is refused when an earlier one is in',
    'test/connections/wrong-keys.test.ts',
    '',
    [edit('lua/publish.lua', "    if n > part then sound('ZCARD', processing) end\n", '')],
  ),
  inClient(
    'a batch whose verdicts are those of its last part alone',
    'test/store.test.ts',
    'the Redis store .*of a thousand in a batch each',
    [edit('lua/publish.lua', 'known[#known + 1] = some', 'known[1] = some')],
  ),
  inClient('an answer that is looked for, however long it takes', 'test/connections/busy-poll.unit.test.ts', '', [
    edit('src/redis/busy-poll.ts', 'this.#vain === 0 ? 0 : 2 ** this.#vain', '0'),
  ]),
  inClient('a worker that looks for answers while its jobs run', 'test/connections/busy-poll.test.ts', '', [
    edit('src/redis/busy-poll.ts', 'now - this.#answered >= LONGEST || ', ''),
  ]),
  inClient('a slot that an overrun does not free', 'test/queue/job-timeout.test.ts', '', [
    edit(
      'src/worker/runs.ts',
      '        this.#failed(job, job.stopped)',
      '        if (run.grace === 0) this.#failed(job, job.stopped)',
    ),
  ]),
  inClient('a slot that is one too many goes on', 'test/queue/process.test.ts', 'waits as well until', [
    edit('src/worker/slots.ts', 'if (this.#tooMany) this.#close(slot)\n    else this', 'this'),
  ]),
  inClient('all is claimed in one step', 'test/queue/process.test.ts', 'in two steps', [
    edit('src/worker/worker.ts', 'halved ? Math.ceil(wanted / 2) : wanted', 'wanted'),
  ]),
  inClient('two large steps in one turn', 'test/queue/process.test.ts', 'in turns of their own', [
    edit('src/worker/worker.ts', 'if (wanted >= HALVED) return', 'if (halved) return'),
  ]),
  inClient(
    'a wake token that came for nobody is kept',
    'test/connections/wake-token.test.ts',
    'comes when nobody waits',
    [edit('src/redis/blocking.ts', 'else await giveBack()\n  }', '}')],
  ),
  inClient('a worker that alone was told of a time, and does not ask again at it', 'test/queue/wake.unit.test.ts', '', [
    edit('src/worker/watch.ts', 'this.#callTimer = clock.setTimer(call, ms)', 'this.#callTimer = undefined'),
  ]),
  inClient(
    'replicas that are waited for, and not counted',
    'test/connections/durability.test.ts',
    'one that hangs makes publish',
    [edit('src/redis/confirmed.ts', 'if (Number(count) >= replicas) return', 'if (Number(count) >= 0) return')],
  ),
  inClient(
    'a sync that is waited for, and not looked at',
    'test/connections/durability-everysec.test.ts',
    'not synced in time is OUTCOME_UNKNOWN',
    [edit('src/redis/confirmed.ts', 'unknown[])[0]) >= 1) return', 'unknown[])[0]) >= 0) return')],
  ),
  inClient(
    'a call that its caller gave up, and that goes out once a connection is free',
    'test/connections/pool.test.ts',
    'never gives up: UNAVAILABLE',
    [edit('src/redis/loans.ts', 'if (!errand.waits) return\n        errand', 'errand')],
  ),
  inClient(
    "a call that a Sentinel's client sends twice, untold",
    'test/connections/sentinel-failover.test.ts',
    'a publish whose answer is lost',
    [
      edit('src/redis/loans.ts', 'if (!errand.waits) return\n        errand', 'errand'),
      edit('src/redis/loans.ts', 'read(replies).then(resolve, reject)', 'read(replies).then(resolve, () => {})'),
    ],
  ),
]
