import type { Work } from './work.js'
import { batches } from './works/batches.js'
import { bothAtOnce } from './works/both.js'
import { commands } from './works/commands.js'
import { cpu } from './works/cpu.js'
import { drains } from './works/drain.js'
import { latency } from './works/latency.js'
import { memory } from './works/memory.js'
import { publishBulk } from './works/publish-bulk.js'
import { publishDuplicates } from './works/publish-duplicates.js'
import { publishOne } from './works/publish-one.js'

/** Everything that is measured, in the order of the tables. */
export const works: readonly Work[] = [
  publishOne,
  publishBulk,
  publishDuplicates,
  ...drains,
  ...bothAtOnce,
  latency,
  memory,
  cpu,
  commands,
  ...batches,
]
