/** What can be wrong with a queue: the law it breaks, and what it means. Orphans are named by the harm they do. */
export const KINDS = {
  totals: ['L1', 'entered - left is not the number of committed IDs, or a total is no number'],
  line: ['L1', 'the line has fewer entries than IDs wait (a full audit names them)'],
  leases: ['L2', 'there are not as many leases as IDs processing (a full audit names them)'],
  failures: ['L5', 'two records of what failed differ (a full audit names the IDs)'],
  nowhere: ['L1', 'committed, but in no place: it would never run, and every publish of it would be a duplicate'],
  uncommitted: ['L1', 'in the queue, but not committed: a publish would put it there twice'],
  contradicted: ['L1', 'in two places at once'],
  stale: ['L5', 'an entry of the line that stands for no ID that waits, and has no mark that says so'],
  twice: ['L1', 'in the line twice'],
  ghost: ['L5', 'a mark for a stale entry that is not there: the next publish of that ID would be lost'],
  unleased: ['L2', 'processing, but under no lease: nobody can settle it'],
  unclaimed: ['L2', 'leased, but not processing: no sweep would recover it'],
  epoch: ['L2', 'a lease has a larger epoch than the last one given out: one could come again'],
  owed: ['L3', 'a run is owed to an ID that is not processing'],
  unlisted: ['L5', 'failed by one record and not by the other'],
  errorless: ['L5', 'it failed, and its error is gone'],
  uncounted: ['L5', 'its error is kept, and how often it failed is gone'],
  nameless: ['L5', 'a record of an ID that is not in the queue'],
  extras: [
    'L1',
    'plain calls are not told that there is more than they look at: one that failed would be put in line as new',
  ],
  unranked: ['L1', 'its priority, and its place among those that wait, do not agree'],
  unkept: ['L5', 'a result or a log that nothing would ever drop, or the time to drop one that is gone'],
  marks: ['L5', 'the marks that tell the age of the line are gone or out of order'],
  record: ['L6', 'a record of a step that no worker has written: it would stop that worker, and every sweep'],
  guard: ['L6', "the guard's seat holds what no guard has written: it would stop every sweep"],
  journal: [
    'L5',
    'messages are kept, and nothing says that a journal is: none is added, and none would ever be dropped',
  ],
  wake: ['L4', 'there is work, and for six seconds neither a wake token nor a claim: idle workers find it late'],
  meta: [
    'L4',
    'the layout record is gone: the keys were deleted or the server flushed, and what else was in them is not known',
  ],
} as const

export type Kind = keyof typeof KINDS
