import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { scriptsFor } from '../../../src/redis/scripts.js'
import { frozen } from '../compiled.js'
import type { Features, RoleName } from '../part.js'
import { row } from '../row.js'
import { queueName } from '../scene/look.js'
import { type Single, single } from '../scene/single.js'
import type { Stage } from '../stage.js'

/** The newest that was kept, by `versions/freeze.mjs`: of 2026-11-23, before a lone step was told in few words. */
const OLD = '0.1.0-a'
const ROLES: readonly RoleName[] = ['worker', 'publisher', 'guard', 'worker', 'publisher', 'guard']

interface Mixed extends Single {
  /** What the server calls the step of each version. */
  readonly steps: readonly string[]
}

/** Of each role every other process runs the old version, and who takes the place of the oldest runs the other one. */
async function mixed(): Promise<Mixed> {
  const folder = frozen(OLD)
  const module = (path: string): string => pathToFileURL(join(folder, path)).href
  const old = (await import(module('redis/scripts.js'))) as { scriptsFor: typeof scriptsFor }
  const spawned = { worker: 0, publisher: 0, guard: 0 }
  const libraryFor = (role: RoleName): string | undefined => {
    const turn = (spawned[role]++ + 1) >> 1
    return turn % 2 === 1 ? module('index.js') : undefined
  }
  const shaOf = (scripts: typeof scriptsFor): string => scripts('chaos', queueName).step.sha
  return {
    ...(await single('everysec')),
    steps: [shaOf(old.scriptsFor), shaOf(scriptsFor)],
    libraryFor,
  }
}

/** One of these goes home, as for an upgrade, and one of the other version takes its place. */
async function replace(stage: Stage<Mixed>, role: RoleName): Promise<void> {
  const [oldest] = stage.of(role)
  const was = await oldest?.stop()
  if (was === false) throw new Error(`a ${role} did not end`)
  await stage.spawn(role).ready
}

const beside = (name: string, features?: Features) =>
  row({
    name,
    fault: 'an old version of the library and this one work on one queue, and take each other’s places',
    injection:
      'every other process runs the version that was kept; one after the other goes home and is replaced; then SIGKILL for a worker and a guard',
    holds: 'what one version put in, claimed or left behind the other runs, settles and recovers',
    rounds: 1,
    load: {
      ...{ publishers: 2, workers: 2, guards: 2, work: 200, concurrency: 20 },
      ...(features ? { features } : {}),
    },
    open: mixed,
    async round(stage, number) {
      const { scene } = stage
      for (const role of ROLES) {
        await stage.calm(100, 300)
        await replace(stage, role)
      }
      await stage.killOne('worker')
      await stage.killOne('guard')
      await stage.calm(200)
      const cached = await scene.cli<number[]>('SCRIPT', 'EXISTS', ...scene.steps)
      if (cached.includes(0)) throw new Error(`round ${number}: one version has not made a step`)
    },
    toothless: ({ findings }) => (findings.accepted < 200 ? 'hardly anything was published' : undefined),
  })

export const twoVersions = beside('two-versions')
export const twoVersionsFeatures = beside('two-versions-features', {
  ...{ attempts: 3, backoff: 50, keepResult: 3_600_000, delay: 300, priorities: true },
})
