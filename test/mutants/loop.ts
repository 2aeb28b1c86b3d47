import { edit, inLoop, type Mutant } from './mutant.js'

const BLOCKING = 'src/redis/blocking.ts'
const CALL = 'src/redis/call.ts'
const CONNECTION = 'src/redis/connection.ts'
const CLAIMS = 'src/worker/claims.ts'
const RUNS = 'src/worker/runs.ts'
const STEPS = 'src/worker/steps.ts'
const WORKER = 'src/worker/worker.ts'

/** Bugs of the worker loop and of its way to the server that need a fault, or a coincidence, to show. */
export const LOOP: readonly Mutant[] = [
  inLoop('a slot whose job was lost takes no other', 'liveness', [
    edit(
      'src/worker/ends.ts',
      '    turn.due()\n    if (reports',
      '    if (claims.holds(job)) turn.due()\n    if (reports',
    ),
  ]),
  inLoop('the wake token is lost with a wire that we cut', 'liveness', [
    edit(
      BLOCKING,
      'await pause(clock, AFTERWARDS, signal)\n          if (!signal.aborted) await giveBack()',
      'await pause(clock, AFTERWARDS, signal)',
    ),
    edit(BLOCKING, 'void afterwards()\n          await giveBack()', 'void afterwards()'),
  ]),
  inLoop('a wake token that a lingering wire takes later is not put back', 'liveness', [
    edit(
      BLOCKING,
      'await pause(clock, AFTERWARDS, signal)\n          if (!signal.aborted) await giveBack()',
      'await pause(clock, AFTERWARDS, signal)',
    ),
  ]),
  inLoop('a step that rides with a wait and was cut off counts as never run', 'liveness', [
    edit(
      BLOCKING,
      "if (trouble.kind === 'unknown') first.fail(trouble.error)\n        else first.end()",
      'first.end()',
    ),
    edit(STEPS, 'if (signal.aborted) return UNASKED', 'return UNASKED'),
  ]),
  inLoop('a step whose answer was lost goes out under a new number', 'safety', [
    edit(
      STEPS,
      'if (!signal.aborted) return this.#answered(request)',
      'if (!signal.aborted) return this.#answered({ ...request, number: ++this.#number })',
    ),
    edit(STEPS, '{ ...request, claim: 0 }', '{ ...request, number: ++this.#number, claim: 0 }'),
  ]),
  inLoop('a wait that was called off claims all the same', 'liveness', [
    edit(STEPS, '{ ...request, claim: 0 }', 'request'),
  ]),
  inLoop('a worker that is paused goes on claiming', 'safety', [
    edit(
      WORKER,
      'if (this.#paused || this.#ending.signal.aborted) return 0',
      'if (this.#ending.signal.aborted) return 0',
    ),
  ]),
  inLoop('a pause that leaves the wait of the worker as it is', 'safety', [
    edit(WORKER, '    this.#paused = true\n    this.#wake()', '    this.#paused = true'),
  ]),
  inLoop('IDs asked for are not counted until they are there', 'safety', [
    edit(
      WORKER,
      'this.#runs.free + this.#options.prefetch - this.#steps.claiming)',
      'this.#runs.free + this.#options.prefetch)',
    ),
    edit(WORKER, 'this.#runs.free - this.#steps.claiming)', 'this.#runs.free)'),
  ]),
  inLoop('a close that does not wait for what runs', 'safety', [
    edit(WORKER, 'const still = (): boolean => this.#runs.size === 0', 'const still = (): boolean => true'),
  ]),
  inLoop('a close that does not wait until all is settled', 'liveness', [
    edit(
      WORKER,
      'await this.#ended.until(() => this.#reports.size + this.#outbox.size === 0 && this.#steps.idle, LAST_WORDS)',
      '',
    ),
  ]),
  inLoop('a close that keeps what was claimed ahead', 'liveness', [edit(WORKER, '    this.#runs.shut()\n', '')]),
  inLoop('a handler that was asked to stop and threw has failed', 'safety', [
    edit(
      RUNS,
      "if (!job.stopped) this.#end(job, 'fail', error)",
      "if (!job.stopped || error) this.#end(job, 'fail', error)",
    ),
  ]),
  inLoop('a handler that ran longer than jobTimeout is done', 'safety', [
    edit(RUNS, "if (job.stopped?.code === 'JOB_TIMEOUT') this.#end(job, 'fail', job.stopped)\n    else this", 'this'),
  ]),
  inLoop('a job that was lost while it waited ahead runs', 'safety', [
    edit(RUNS, 'if (job.stopped) {', 'if (false) {'),
  ]),
  inLoop('a slot takes no other job when one has ended', 'liveness', [
    edit(RUNS, 'if (run.slot) this.#slots.free(run.slot)', ''),
  ]),
  inLoop('what is settled is held on to', 'safety', [
    edit(CLAIMS, 'return this.holds(job) && this.#held.delete(job.id)', 'return this.holds(job)'),
  ]),
  inLoop('renewals go out once, and not again', 'liveness', [
    edit('src/worker/watch.ts', '      this.#armRenewals()\n    }, beat', '    }, beat'),
  ]),
  inLoop('an unknown outcome is told as if nothing had happened', 'safety', [
    edit(CALL, 'sent ||= ', 'sent = false && '),
  ]),
  inLoop('a wire whose server hangs is kept', 'liveness', [
    edit(
      CONNECTION,
      'if (first >= replyTimeout) this.lose(wire)\n        else timer',
      'if (first < replyTimeout) timer',
    ),
    edit(CONNECTION, 'timer = clock.setTimer(() => this.lose(wire), replyTimeout - first)', 'timer = undefined'),
  ]),
  inLoop('a wire is closed, and its loop dials on', 'safety', [
    edit(CONNECTION, 'for (let attempt = 0; !signal.aborted; ) {', 'for (let attempt = 0; ; ) {'),
  ]),
  inLoop('a refused script is never called again', 'safety', [
    edit(CALL, "if (trouble?.kind === 'fatal' ||", "if (trouble?.kind === 'fatal' || trouble?.kind === 'later' ||"),
  ]),
  inLoop('a guard that ends at its first error', 'liveness', [
    edit(
      'src/jam-guard.ts',
      "events.emit('error', error)\n    }\n    await",
      "events.emit('error', error)\n      return\n    }\n    await",
    ),
  ]),
  inLoop('a worker that gives up when it cannot reach the server at its start', 'liveness', [
    edit(WORKER, 'await pause(clock, 1_000, this.#ending.signal)', 'return'),
  ]),
  inLoop('a script that is not there is not loaded', 'liveness', [
    edit(CALL, "if (trouble.kind === 'load') trouble", "if (trouble.kind === 'later') trouble"),
  ]),
  inLoop('an ID that failed is told as absent', 'safety', [
    edit(
      'src/redis/replies.ts',
      "failed === undefined ? 'absent' : 'failed'",
      "failed === undefined ? 'absent' : 'absent'",
    ),
  ]),
  inLoop('a list that leaves out its last ID', 'safety', [
    edit(
      'src/redis/replies.ts',
      'return { ids, cursor: cursor < 0',
      'return { ids: ids.slice(0, -1), cursor: cursor < 0',
    ),
  ]),
]
