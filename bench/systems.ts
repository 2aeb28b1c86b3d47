import type { System } from './system.js'
import { beeQueue } from './systems/bee-queue.js'
import { bullmq, bullmqDedup } from './systems/bullmq.js'
import { convoy } from './systems/convoy.js'
import { groupmq } from './systems/groupmq.js'
import { kue } from './systems/kue.js'
import { platformatic } from './systems/platformatic.js'
import { raw } from './systems/raw.js'
import { redisConvoy } from './systems/redis-convoy.js'

/** Everybody, in the order of the tables. */
export const systems: readonly System[] = [
  convoy,
  bullmq,
  bullmqDedup,
  beeQueue,
  platformatic,
  groupmq,
  kue,
  redisConvoy,
  raw,
]
