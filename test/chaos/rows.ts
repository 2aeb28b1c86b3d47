import type { Row } from './row.js'
import { calm } from './rows/calm.js'
import { workerKill } from './rows/worker-kill.js'

/** The fault matrix. */
export const rows: readonly Row[] = [calm, workerKill]
