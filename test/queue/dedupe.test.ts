import { describe, expect, test } from 'vitest'
import type { Dedupe, DedupeOptions, Job, Queue, Verdict } from '../../src/index.js'
import { onBothStores, type World } from './kit.js'

/** ms */
const BACKOFF = 60_000
const DELAY = 40_000

/** What each policy says of itself, and the two presets. */
const POLICIES = {
  default: {},
  latest: 'latest',
  replace: { waiting: 'replace' },
  rerun: { processing: 'rerun' },
  supersede: { waiting: 'replace', processing: 'supersede' },
  debounce: { waiting: 'replace', timing: 'latest' },
  hold: { failed: 'hold' },
} as const satisfies Record<string, Dedupe>
type Policy = keyof typeof POLICIES

/** One ID of a queue with a policy, and what its handler saw: payload and attempt of each run. */
class Life {
  readonly world: World
  readonly queue: Queue<string>
  readonly seen: string[] = []
  /** The most that ran side by side. */
  most = 0
  #running = 0
  readonly #options: { dedupe?: Dedupe; attempts: number; backoff: number }

  constructor(world: World, dedupe: Dedupe, attempts = 1) {
    this.world = world
    this.#options = {
      ...(dedupe === 'latest' || Object.keys(dedupe).length > 0 ? { dedupe } : {}),
      attempts,
      backoff: BACKOFF,
    }
    this.queue = world.queueFor<string>(this.#options)
  }

  publish(payload: string, options: { delay?: number } = {}): Promise<Verdict> {
    return this.queue.publish('hot', { payload, ...options })
  }

  /** A worker runs until `end` more runs of it have ended. */
  async work(end: number, how: (job: Job<string>) => unknown = () => undefined): Promise<void> {
    const { spy } = this.world
    const until = spy.settled.length + end
    const worker = this.queue.process(
      async (job) => {
        this.most = Math.max(this.most, ++this.#running)
        this.seen.push(`${job.payload}#${job.attempt}`)
        try {
          await how(job)
        } finally {
          this.#running--
        }
      },
      { concurrency: 5 },
    )
    await spy.until(() => spy.settled.length >= until)
    await worker.close()
  }

  /** Lets all that waits run, whatever it waits for. */
  async rest(): Promise<void> {
    for (let { committed, queued } = await this.queue.stats(); committed > 0; ) {
      // A delayed one goes in line when a worker looks.
      if (queued === 0) await this.world.serverPasses(BACKOFF)
      await this.work(1)
      ;({ committed, queued } = await this.queue.stats())
    }
  }
}

interface Row {
  /** How the ID comes to the state; publishes v1, and perhaps more. */
  readonly bring: (life: Life, during: () => Promise<void>) => Promise<void>
  /** Of the publish that meets it: outcome, whether it is guaranteed, and then what the handler saw. */
  readonly tells: Readonly<Record<Policy, string>>
  readonly attempts?: number
  /** More knobs, of the row itself. */
  readonly knobs?: DedupeOptions
}

const fail = (): never => {
  throw new Error('no')
}

const waiting = (change: string, none: string) => ({
  default: none,
  latest: change,
  replace: change,
  rerun: none,
  supersede: change,
  debounce: change,
  hold: none,
})

const ROWS: Readonly<Record<string, Row>> = {
  queued: {
    bring: async (life, during) => {
      await life.publish('v1')
      await during()
    },
    tells: waiting('updated of queued, guaranteed: v2#1', 'duplicate of queued, guaranteed: v1#1'),
  },
  delayed: {
    bring: async (life, during) => {
      await life.publish('v1', { delay: DELAY })
      await during()
    },
    tells: waiting('updated of delayed, guaranteed: v2#1', 'duplicate of delayed, guaranteed: v1#1'),
  },
  'in backoff': {
    attempts: 2,
    bring: async (life, during) => {
      await life.publish('v1')
      await life.work(1, fail)
      await during()
      // A floor: nothing runs before it is over.
      expect(await life.queue.stats()).toMatchObject({ queued: 0, delayed: 1 })
    },
    tells: waiting('updated of delayed, guaranteed: v1#1 v2#2', 'duplicate of delayed, guaranteed: v1#1 v1#2'),
  },
  processing: {
    bring: async (life, during) => {
      await life.publish('v1')
      await life.work(1, () => life.seen.length === 1 && during())
    },
    tells: {
      ...waiting('', 'duplicate of processing: v1#1'),
      replace: 'duplicate of processing: v1#1',
      debounce: 'duplicate of processing: v1#1',
      latest: 'rerun of processing, guaranteed: v1#1 v2#1',
      rerun: 'rerun of processing, guaranteed: v1#1 v2#1',
      supersede: 'rerun of processing, guaranteed: v1#1 v2#1',
    },
  },
  'processing, a run owed': {
    bring: async (life, during) => {
      await life.publish('v1')
      await life.work(1, async () => {
        if (life.seen.length > 1) return
        await life.queue.publish('hot', { payload: 'v1.5', dedupe: { processing: 'rerun' } })
        await during()
      })
    },
    tells: {
      default: 'duplicate of processing, guaranteed: v1#1 v1.5#1',
      hold: 'duplicate of processing, guaranteed: v1#1 v1.5#1',
      replace: 'updated of processing, guaranteed: v1#1 v2#1',
      debounce: 'updated of processing, guaranteed: v1#1 v2#1',
      latest: 'updated of processing, guaranteed: v1#1 v2#1',
      rerun: 'updated of processing, guaranteed: v1#1 v2#1',
      supersede: 'updated of processing, guaranteed: v1#1 v2#1',
    },
  },
  'processing, withdrawn': {
    bring: async (life, during) => {
      await life.publish('v1')
      await life.work(1, async () => {
        if (life.seen.length > 1) return
        await life.queue.withdraw('hot')
        await during()
      })
    },
    tells: {
      ...waiting('rerun of processing, guaranteed: v1#1 v2#1', 'rerun of processing, guaranteed: v1#1 v2#1'),
    },
  },
  remembered: {
    knobs: { remember: 30_000 },
    bring: async (life, during) => {
      await life.publish('v1')
      await life.work(1)
      await during()
    },
    tells: waiting('duplicate of remembered: v1#1', 'duplicate of remembered: v1#1'),
  },
  failed: {
    bring: async (life, during) => {
      await life.publish('v1')
      await life.work(1, fail)
      await during()
    },
    tells: {
      ...waiting('queued of failed, guaranteed: v1#1 v2#1', 'queued of failed, guaranteed: v1#1 v2#1'),
      hold: 'duplicate of failed: v1#1',
    },
  },
}

/** A preset is its knobs, where a row adds one. */
const withKnobs = (policy: Policy, knobs: DedupeOptions | undefined): Dedupe => {
  const dedupe: Dedupe = POLICIES[policy]
  if (!knobs) return dedupe
  return dedupe === 'latest'
    ? { waiting: 'replace', timing: 'earliest', processing: 'rerun', ...knobs }
    : { ...dedupe, ...knobs }
}

onBothStores((kit) => {
  describe.each(Object.keys(ROWS))('met %s', (state) => {
    const { bring, tells, attempts, knobs } = ROWS[state] as Row
    test.each(Object.keys(POLICIES) as Policy[])('with the policy %s', async (policy) => {
      const life = new Life(await kit.world(), withKnobs(policy, knobs), attempts)
      let verdict: Verdict | undefined
      await bring(life, async () => {
        verdict = await life.publish('v2')
      })
      await life.rest()
      const { outcome, was, guaranteed } = verdict as Verdict
      const told = `${outcome} of ${was}${guaranteed ? ', guaranteed' : ''}: ${life.seen.join(' ')}`
      expect([state, policy, told]).toEqual([state, policy, tells[policy]])
      expect(life.most).toBe(1)
      const { totals, committed } = await life.queue.stats()
      expect([committed, totals.entered]).toEqual([0, totals.left])
    })
  })
})
