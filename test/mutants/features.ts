import { edit, inClient, inLives, type Mutant } from './mutant.js'

const DESK = 'src/wait/desk.ts'
const WAIT = 'src/wait/wait.ts'
const JUDGE = 'src/wait/judge.ts'
const RULE = 'src/schedule/rule.ts'
const TICKER = 'src/schedule/ticker.ts'
const EVENTS = 'src/events-log/index.ts'
const FEED = 'src/events-log/feed.ts'
const RENEWALS = 'src/heartbeat/renewals.ts'
const FOLLOW = 'src/events-log/follow.ts'
const LISTENING = 'src/redis/listening.ts'
const STEPS = 'src/worker/steps.ts'
const LIMITS = 'src/memory/limits.ts'

const safety = (seeds: number) => ({ mode: 'safety', seeds }) as const
const liveness = (seeds: number) => ({ mode: 'liveness', seeds }) as const

/** Bugs in what lives around the worker loop: waits, schedules, the journal, what is kept, told and limited. */
export const FEATURES: readonly Mutant[] = [
  inLives('a wait that looks only where it heard something', 'wait', liveness(300), [
    edit(DESK, '        if (!closing.aborted) this.#look(this.#waiters.keys())\n', ''),
    edit(DESK, '      this.#heardTo = 0\n      this.#look(this.#waiters.keys())\n', '      this.#heardTo = 0\n'),
  ]),
  inLives('a wait that is content with the run before the publish', 'wait', safety(300), [
    edit(JUDGE, 'if (kept.epoch > after)', 'if (kept.epoch > 0)'),
  ]),
  inClient('a wait that takes a message for the truth', 'test/wait/wait.test.ts', '', [
    edit(JUDGE, '  switch (seen.state) {', "  if (told?.end === 'done') return DONE\n  switch (seen.state) {"),
  ]),
  inClient('a wait that judges an old look by a later message', 'test/wait/wait.test.ts', '', [
    edit(DESK, 'judge(bond, heeded, seen, kept)', 'judge(bond, waiter.told, seen, kept)'),
    edit(DESK, 'if (waiter.told === waiter.heeded) ', ''),
  ]),
  inLives('a wait that leaves its listener at the signal', 'wait', safety(300), [
    edit(WAIT, "      signal?.removeEventListener('abort', abort)\n", ''),
  ]),
  inLives('a wait that gives up late', 'wait', safety(300), [
    edit(WAIT, 'if (timeout > 0) arm(timeout)', 'if (timeout > 0) arm(2 * timeout)'),
  ]),
  inClient('a wait that gives up when its timer goes off', 'test/wait/timeout.unit.test.ts', '', [
    edit(WAIT, 'left > span ? arm(left - span) : late()', 'late()'),
  ]),
  inClient('a clear that ends the wait for what is nowhere', 'test/wait/wait.test.ts', 'a clear ends no wait', [
    edit(DESK, '          if (cleared && waiter.bond?.absent !== undefined) continue\n', ''),
  ]),
  inClient('a clear that ends a wait that begins', 'test/wait/wait.test.ts', 'nor does one that comes while', [
    edit(DESK, '    if (bond.absent !== undefined && waiter.told?.cleared) delete waiter.told\n', ''),
  ]),
  inClient('a clear that is not told where it comes before a look', 'test/wait/wait.test.ts', 'a clear ends no wait', [
    edit(DESK, "      if (kind === 'queued') this.#enter(ids, position)\n", ''),
  ]),
  inClient('a wait that is told withdrawn where its run is done', 'test/wait/wait.test.ts', '', [
    edit(JUDGE, "return says === 'done' ? DONE : { is: says }", "return { is: says === 'done' ? 'withdrawn' : says }"),
  ]),
  inLives('a slot that is published before it is due', 'schedule', safety(300), [
    edit(
      RULE,
      'steps(last, now) >= 1 ? last + steps(last, now) * every',
      'steps(last, now) >= 0 ? last + (steps(last, now) + 1) * every',
    ),
  ]),
  inLives('a schedule that catches up on all that it missed', 'schedule', safety(300), [
    edit(RULE, '? last + steps(last, now) * every : null', '? last + every : null'),
  ]),
  inLives('a ticker that ends at its first error', 'schedule', liveness(300), [
    edit(
      TICKER,
      '      wait = mayPass(error) ? SOON : LATER\n',
      '      if (mayPass(error)) return\n      wait = LATER\n',
    ),
  ]),
  inLives('a ticker that comes a turn late', 'schedule', liveness(300), [
    edit(TICKER, 'return next === null ? null : next - now', 'return next === null ? null : next - now + 900'),
  ]),
  inLives('a slot that is published once by each process', 'schedule', safety(300), [
    edit('src/memory/dedupe.ts', 'schedule.slot >= slot', 'schedule.slot > slot'),
  ]),
  inClient('a ticker that ends without a word', 'test/schedule/ticker.unit.test.ts', 'the server lost', [
    edit(TICKER, '      gone()\n', ''),
  ]),
  inClient(
    'a ticker that tells who took its schedule out',
    'test/schedule/ticker.unit.test.ts',
    'takes a schedule out',
    [edit('src/schedule/index.ts', 'if (!leaving.has(checked)) inside', 'inside')],
  ),
  inClient('a look of each ticker for itself', 'test/schedule/ticker.unit.test.ts', 'looks together', [
    edit('src/schedule/index.ts', 'look: shared(() => lookUp(inside))', 'look: () => lookUp(inside)'),
  ]),
  inClient('a look that is shared after it was sent', 'test/schedule/looks.unit.test.ts', 'in one turn', [
    edit(
      'src/schedule/looks.ts',
      '      next = undefined\n      return look()',
      '      return look().finally(() => (next = undefined))',
    ),
  ]),
  inClient('a heartbeat that takes a stranger for its server', 'test/heartbeat/renewals.unit.test.ts', 'knows none', [
    edit(RENEWALS, 'if (known) Atomics', 'Atomics'),
  ]),
  inClient('a heartbeat that says nothing of a stranger', 'test/heartbeat/renewals.unit.test.ts', 'knows none', [
    edit(RENEWALS, 'if (known || untold ||', 'if (!known || untold ||'),
  ]),
  inClient('a heartbeat that takes what has ended for unknown', 'test/heartbeat/renewals.unit.test.ts', 'had no time', [
    edit(RENEWALS, 'if (known || untold ||', 'if (known ||'),
  ]),
  inLives('a reader that does not read what it did not hear', 'journal', safety(300), [
    edit(FOLLOW, '      if (!(yield* kept())) return\n      continue', '      continue'),
  ]),
  inLives('a reader that is not told of what is not kept any more', 'journal', safety(300), [
    edit(FOLLOW, '        if (message.position > next) yield gap(message.position - 1)\n', ''),
  ]),
  inLives('a listener that begins with the second message', 'journal', safety(300), [
    edit(
      FOLLOW,
      "let next = from === 'oldest' ? 0 : from",
      "let next = from === 'oldest' ? 0 : begin ? from : from + 1",
    ),
  ]),
  inLives('a new wire that does not tell what the old one missed', 'journal', safety(300), [
    edit(LISTENING, 'let missed = again', 'let missed = false && again'),
  ]),
  inLives('a listener that is told what the socket said', 'journal', safety(300), [
    edit(LISTENING, "throw kind === 'unknown' ? unheard(error) : error", 'throw thrown'),
  ]),
  inClient('a reader of a journal that does not see its end', 'test/events-log/ends.unit.test.ts', 'ends at once', [
    edit(FOLLOW, '        if (feed.ended) return false\n', ''),
  ]),
  inClient('a listener whose signal was aborted too early', 'test/events-log/ends.unit.test.ts', 'aborted before', [
    edit(EVENTS, 'if (signal?.aborted) await close()\n    else {', 'if (!until.aborted) {'),
  ]),
  inClient('a feed that keeps all that was read', 'test/events-log/feed.unit.test.ts', 'is let go', [
    edit(FEED, 'this.#heard[this.#read++] = null', 'this.#read++'),
    edit(FEED, 'if (this.#read < IDLE ||', 'if (IDLE > 0 ||'),
  ]),
  inClient('a feed that goes on behind what is missing', 'test/events-log/feed.unit.test.ts', 'something is missing', [
    edit(FEED, 'if (this.#ended || this.#missing) return', 'if (this.#ended) return'),
  ]),
  inClient(
    'a reader that asks about each message in a gap',
    'test/events-log/follow.unit.test.ts',
    'fell behind once',
    [edit(FOLLOW, 'if (message.position === passed + 1) {', 'if (message.position === NONE) {')],
  ),
  inClient("an 'oldest' that begins where it first reads", 'test/events-log/ends.unit.test.ts', 'without a journal', [
    edit(FOLLOW, 'next = first > 0 ? Math.min(first, now) : now', 'next = first > 0 ? first : last + 1'),
  ]),
  inClient('a listener that guesses its database', 'test/events-log/database.test.ts', '', [
    edit(
      LISTENING,
      "wire.send(this.#key, ['CLIENT', 'INFO'])",
      "wire.send(this.#key, ['CLIENT', 'INFO']).catch(() => '')",
    ),
  ]),
  inLives('a journal that keeps one message fewer', 'journal', safety(300), [
    edit(
      'src/memory/news.ts',
      'while (events.size > control.journal)',
      'while (events.size >= control.journal && events.size > 0)',
    ),
  ]),
  inLives('a report that a stranger makes', 'model', safety(300), [
    edit(
      'src/memory/report.ts',
      'if (!owns(state.lease.get(id), token)) return false',
      'if (!state.lease.has(id)) return false',
    ),
  ]),
  inLives('a report that failed is told as kept', 'worker loop', safety(300), [
    edit(
      'src/worker/reports.ts',
      '      onError(known(error))\n      return false',
      '      onError(known(error))\n      return true',
    ),
  ]),
  inLives('a step that rides with a wait knows no limits', 'worker loop', safety(300), [
    edit(
      STEPS,
      'return policy ? { ...request, policy } : request',
      'return policy && lane !== WAITING ? { ...request, policy } : request',
    ),
  ]),
  inLives('a step that claims nothing forgets what it ends', 'worker loop', safety(300), [
    edit(
      STEPS,
      'return policy ? { ...request, policy } : request',
      'return policy && claim > 0 ? { ...request, policy } : request',
    ),
  ]),
  inLives('a window that counts its last claims alone', 'model', safety(300), [
    edit(LIMITS, '{ start, count: count + claimed }', '{ start, count: claimed }'),
  ]),
  inLives('a limit of each worker for itself', 'model', safety(300), [
    edit(LIMITS, 'this.#active - this.#state.processing.size', 'this.#active'),
  ]),
  inLives('a publish that does not wait for room', 'publisher', safety(300), [
    edit('src/room.ts', "verdict.outcome === 'full' && !over", "verdict.outcome === 'full' && over"),
  ]),
  inClient('who waits behind another is let in where the queue is emptied meanwhile', 'test/queue/room.test.ts', '', [
    edit('src/room.ts', 'maxLength: -1', 'maxLength: 1'),
  ]),
  inLives('who has waited for room longest goes behind who came since', 'publisher', safety(300), [
    edit('src/room.ts', '[...left, ...this.#guests].sort((a, b) => a.turn - b.turn)', '[...this.#guests, ...left]'),
  ]),
  inClient('who was tried early for room is let in before its turn', 'test/queue/room.test.ts', 'goes back behind', [
    edit('src/room.ts', '.sort((a, b) => a.turn - b.turn)', ''),
  ]),
  inLives('at most once, and what was cut off runs again', 'worker loop', liveness(300), [
    edit(
      'src/worker/ends.ts',
      "this.#options.delivery === 'at-most-once'",
      "this.#options.delivery !== 'at-least-once' && !job.stopped",
    ),
  ]),
  inLives('all of a state but the first', 'operator', safety(300), [
    edit(
      'src/operator.ts',
      'const ids = page.ids.filter((id) => !marked.has(id))',
      'const ids = page.ids.filter((id, i) => i > 0 && !marked.has(id))',
    ),
  ]),
  inLives('a result that is told for ever', 'model', safety(300), [
    edit(
      'src/memory/keepsakes.ts',
      '(kept.score(name) ?? Number.NEGATIVE_INFINITY) > ms ?',
      'kept.score(name) !== undefined ?',
    ),
    edit('src/memory/keepsakes.ts', '  for (const name of names) drop(state, name)\n', ''),
  ]),
  inLives('a result of a later attempt that is not kept', 'worker loop', liveness(300), [
    edit(
      'src/worker/ends.ts',
      'const ttl = job.kept ?? keepResult',
      'const ttl = job.kept ?? (job.attempt > 1 ? 0 : keepResult)',
    ),
  ]),
]
