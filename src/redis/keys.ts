/**
 * The whole Redis layout of one queue; nobody else spells a key. Every key is `prefix:{name}:part`: the braces make a
 * hash tag, so a queue lives in one slot and queues spread over a cluster (law L9).
 *
 * `entered - left = |committed| = queued + delayed + processing` (law L1). All but the first eight are lazy: absent
 * until something happens that needs them.
 */
export const KEYS = {
  committed: 'set', //     ID                            queued, delayed or processing
  queued: 'list', //       ID                            head is next; may hold one stale entry per ID in `ghosts`
  processing: 'zset', //   ID → lease end, ms
  lease: 'hash', //        ID → token                    `epoch:startedAt:worker:step`; `~` before it: claimed ahead, not started
  wake: 'list', //         '1', at most once             something is claimable: a hint for idle workers, never the truth
  totals: 'hash', //       name → number                 entered, left …; and taken, returned, marked, epoch, which are the protocol's own
  steps: 'hash', //        worker:lane → record          the last step of each worker and lane, for an hour: `number|ms|token|lease end|settled`
  marks: 'list', //        place:ms                      which place in the line was reached when, one a second at most
  meta: 'hash', //         layout, digest
  delayed: 'zset', //      ID → due, ms                  waiting for its time
  failed: 'zset', //       ID → times it failed          out of the queue, remembered
  failedAt: 'zset', //     ID → when, ms                 the order in which `failed` is trimmed
  failures: 'hash', //     ID → times it failed          of an ID that came back after failing
  errors: 'hash', //       ID → `ms json`                the last failure
  tries: 'hash', //        ID → `attempts:jams`          of this incarnation
  withdrawn: 'set', //     ID                            withdrawn while processing
  owed: 'hash', //         ID → what it brings           published again while processing: one more run is due
  ghosts: 'set', //        ID                            withdrawn while queued, or raised: its entry still stands in the line
  guard: 'hash', //        holder, until, at, grace      the jam guard's lease; when it last swept; until when it holds back
  alarm: 'string', //      worker:ms                     the idle worker that was told when the next delayed ID is due
  extras: 'string', //     '1'                           there is something beyond a plain lane: any key below, or a lazy one above
  payload: 'hash', //      ID → text                     of waiting, processing and failed IDs
  priority: 'hash', //     ID → integer, not 0           of waiting, processing and failed IDs
  prioritized: 'zset', //  ID → −priority·2⁴⁰ + number   waiting IDs whose priority is not 0
  since: 'hash', //        ID → ms                       when it was first published, where that counts
  remembered: 'zset', //   ID → forget at, ms            done, and not to be run again before
  progress: 'hash', //     ID → JSON                     what a running job told last
  control: 'hash', //      paused, hold, holder, journal   what holds of the queue as a whole
  rate: 'string', //       start:count                   the window of a rate limit, and the claims in it
  results: 'hash', //      rID → result, lID → log       kept of the last run: `epoch text`; lines
  kept: 'zset', //         rID, lID → until, ms          when they go
  schedules: 'hash', //    ID → `slot text`              the last slot published, and the schedule
  events: 'stream', //     position-0 → message          the journal; also the name of the channel
  listening: 'string', //  database                      somebody listens: goes by itself
} as const

export type Part = keyof typeof KEYS

export function keyOf(prefix: string, name: string, part: Part): string {
  return `${prefix}:{${name}}:${part}`
}
