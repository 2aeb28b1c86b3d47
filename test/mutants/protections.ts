import { edit, inClient, type Mutant } from './mutant.js'

const WATCH = 'src/worker/watch.ts'
const FITNESS = 'src/redis/fitness.ts'
const THREAD = 'src/heartbeat/thread.ts'
const TROUBLE = 'src/redis/trouble.ts'
const WIRE = 'src/redis/wire.ts'

const LAPSE_TESTS = 'test/queue/lapse.test.ts'
const DURABLE_TESTS = 'test/connections/durability.test.ts'
const SECRET_TESTS = 'test/connections/secrets.test.ts'

/** A thread needs files that Node can read. */
const built = (mutant: Mutant): Mutant => ({ ...mutant, check: { ...mutant.check, built: true } })

/** Bugs of what stands between a job and a stall, an unfit server, a narrow user, an onlooker. */
export const PROTECTIONS: readonly Mutant[] = [
  inClient('a lease that cannot be renewed, and the handler is not told', LAPSE_TESTS, 'aborts the signal while', [
    edit(WATCH, '      else this.stop(job)\n', ''),
  ]),
  inClient('a lease that counts from the answer to its last renewal', LAPSE_TESTS, 'when the last accepted renewal', [
    edit('src/worker/steps.ts', 'read(reply, since)', 'read(reply, this.#options.clock.now())'),
  ]),
  inClient('a claim whose answer came too late, and is begun', LAPSE_TESTS, 'whose answer comes so late', [
    edit('src/worker/answers.ts', 'if (late) watch.stop(job)\n', ''),
  ]),
  inClient('a worker without an answer for long, and nobody is told', LAPSE_TESTS, 'told as STALLED', [
    edit(WATCH, 'if (!this.#stalled && !stalled) onError(stall(number, now - since))', ''),
  ]),
  built(
    inClient('a heartbeat that renews nothing', 'test/heartbeat/heartbeat.test.ts', 'blocks for three leases', [
      edit(THREAD, 'if (renewing || renewals.size === 0 ||', 'if (renewing || renewals.size >= 0 ||'),
    ]),
  ),
  built(
    inClient('a heartbeat that knows no jobTimeout', 'test/heartbeat/heartbeat.test.ts', 'jobTimeout bounds', [
      edit(THREAD, ' || (jobTimeout > 0 && kept > jobTimeout)', ''),
    ]),
  ),
  inClient('a server that evicts is taken', DURABLE_TESTS, 'a server that evicts', [
    edit(FITNESS, "policy !== undefined && policy !== 'noeviction'", "policy === ''"),
  ]),
  inClient("durability 'disk' on a server that keeps no log", DURABLE_TESTS, 'there is no append-only file', [
    edit(FITNESS, "if (need === 'disk' && field('aof_enabled') !== '1') {", 'if (false) {'),
  ]),
  inClient("durability 'disk' on a server that at times syncs nothing", DURABLE_TESTS, 'while the log is rewritten', [
    edit(FITNESS, "if (config.get('no-appendfsync-on-rewrite') !== 'no') {", 'if (false) {'),
  ]),
  inClient('fewer replicas than were asked for', DURABLE_TESTS, 'too few at the start', [
    edit(FITNESS, '    if (there < replicas) {', '    if (false) {'),
  ]),
  inClient('an error that repeats what was sent, password and all', SECRET_TESTS, 'repeats the HELLO', [
    edit(TROUBLE, 'return tells ? new Error(cut === -1 ? text : text.slice(0, cut)) : error', 'return error'),
    edit(TROUBLE, "if (code === 'UNSUPPORTED') return", "if (code === 'WRONG_LAYOUT') return"),
  ]),
  inClient('a malformed URL that is repeated', SECRET_TESTS, 'without being repeated', [
    edit(WIRE, "throw malformed('not a URL such as redis://user:password@host:6379/0')", 'throw malformed(text)'),
  ]),
  {
    ...inClient('rights that nobody asks for', 'test/connections/roles.test.ts', 'is refused', [
      edit(
        'lua/check.lua',
        "if not redis.acl_check_cmd(command, unpack(key and { key, unpack(others[command] or { '0', '0' }) } or none)) then",
        'if false then',
      ),
    ]),
    where: 'Lua',
  },
  {
    ...inClient('a queue of another layout is taken', 'test/connections/access.test.ts', 'another layout', [
      edit('lua/_layout.lua', 'if was[1] and was[1] ~= ARGV[1] then', 'if false then'),
    ]),
    where: 'Lua',
  },
  inClient('an ID with half a character, which another half would equal', 'test/queue/ids.test.ts', 'surrogate', [
    edit(
      'src/job.ts',
      'if (id.length > 0 && fits && id.isWellFormed()) return id',
      'if (id.length > 0 && fits) return id',
    ),
  ]),
  {
    ...inClient('a repair that takes a claim from who holds it', 'test/audit/by-hand.test.ts', 'keeps its claim', [
      edit(
        'lua/mend.lua',
        "if l and not p then write(redis.call('ZADD', processing, ms + term, id)) end",
        "if l and not p then write(redis.call('HDEL', lease, id)) l = nil end",
      ),
    ]),
    where: 'Lua',
  },
]
