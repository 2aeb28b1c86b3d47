import type { Scene } from '../scene/scene.js'
import type { Tally } from '../tally.js'

/** Who should have seen a breach, and saw nothing at all: a row that held for that proves nothing. */
export function* blind(
  { findings, prefixes, transactions }: Pick<Tally, 'findings' | 'prefixes' | 'transactions'>,
  { aof }: Pick<Scene, 'aof'>,
  /** Why the last look that failed did. */
  unseen = '',
): Generator<string> {
  // Each beginning of a history is looked at as well, on a server of its own.
  if (findings.looks <= prefixes) yield unseen === '' ? 'nobody looked' : `nobody looked: ${unseen}`
  if (aof !== undefined && transactions === 0) yield 'nothing was replayed'
  if (findings.faults > 0 && findings.resumed === 0) yield 'no worker was seen to resume'
}
