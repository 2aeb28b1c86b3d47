import { expect, onTestFinished, test } from 'vitest'
import { audit, type Kind } from '../../src/audit/index.js'
import type { Queue } from '../../src/index.js'
import type { Part } from '../../src/redis/keys.js'
import { freshName, keyIn, queueAt, serverHere } from '../connections/kit.js'
import { Latch } from '../support/latch.js'
import type { RedisServer } from '../support/redis-server.js'
import { kinds } from './rich.js'

const IDS = 300
const turn = (): Promise<void> => new Promise((next) => void setImmediate(next))

/** Publishers, two workers and a guard that go on whatever happens to the keys. */
class Traffic {
  readonly auditor: Queue
  readonly publisher: Queue
  /** How often each ID has begun to run. */
  readonly runs = new Map<string, number>()
  answered = 0
  readonly #queues: Queue[]
  readonly #publishing: Promise<void>
  #over = false

  constructor(server: RedisServer) {
    const name = freshName()
    this.#queues = Array.from({ length: 5 }, () => queueAt({ url: server.url }, { name, lease: 500 }))
    const [publisher, auditor, guard, ...workers] = this.#queues as [Queue, Queue, Queue, ...Queue[]]
    this.publisher = publisher
    this.auditor = auditor
    for (const worker of workers) {
      worker.on('lost', () => {})
      worker.process(
        async ({ id }) => {
          this.runs.set(id, (this.runs.get(id) ?? 0) + 1)
          await turn()
        },
        { concurrency: 8, prefetch: 8 },
      )
    }
    guard.jamGuard({ every: 100 })
    this.#publishing = this.#publish()
    onTestFinished(() => this.stop())
  }

  /** Resolves when so many more publishes have been answered. */
  async answers(more: number): Promise<void> {
    const goal = this.answered + more
    while (this.answered < goal) await turn()
  }

  async stop(): Promise<void> {
    this.#over = true
    await this.#publishing
  }

  async #publish(): Promise<void> {
    for (let i = 0; !this.#over; i++) {
      // More than the workers take, so that there is always a line to lose.
      const ids = Array.from({ length: 25 }, (_, k) => `job-${(i * 7 + k * 13) % IDS}`)
      this.answered += (await this.publisher.publishMany(ids)).length
    }
  }
}

test('FLUSHALL is reported also where nobody but a worker that lost its claim was heard since', async () => {
  const server = await serverHere()
  const name = freshName()
  const [queue, auditor] = [queueAt({ url: server.url }, { name }), queueAt({ url: server.url }, { name })]
  await auditor.publish('a')
  const [began, flushed] = [new Latch(), new Latch()]
  const lost = new Promise((told) => void queue.on('lost', told))
  queue.process(async () => {
    began.open()
    await flushed.wait
  })
  await began.wait
  expect(await audit(auditor)).toMatchObject({ clean: true })
  await server.cli('FLUSHALL')
  flushed.open()
  expect(await lost).toBe('a')
  expect(kinds(await audit(auditor))).toEqual(['meta'])
})

test('FLUSHALL under load is reported, the layout is written again, and the queue goes on', async () => {
  const server = await serverHere()
  const traffic = new Traffic(server)
  await traffic.answers(2_000)
  expect(await audit(traffic.auditor)).toMatchObject({ clean: true })
  for (let round = 0; round < 3; round++) {
    await server.cli('FLUSHALL')
    await traffic.answers(500)
    expect(kinds(await audit(traffic.auditor))).toEqual(['meta'])
    const { findings } = await audit(traffic.auditor, { repair: true })
    expect(findings).toMatchObject([{ kind: 'meta', count: 1, mended: 1, ids: [] }])
    expect(await audit(traffic.auditor)).toMatchObject({ clean: true, findings: [] })
  }
  const before = new Map(traffic.runs)
  await traffic.answers(2_000)
  await traffic.stop()
  await traffic.auditor.idle()
  expect(await audit(traffic.auditor)).toMatchObject({ clean: true, committed: 0 })
  expect([...traffic.runs.keys()].filter((id) => before.get(id) === traffic.runs.get(id))).toEqual([])
}, 60_000)

/** What is certain to be found; the rest may have healed itself by then: a claim ends, a publish leaves a mark. */
const CERTAIN: [Part, Kind[]][] = [
  ['committed', ['totals']],
  ['queued', ['nowhere']],
  ['processing', []],
  ['lease', []],
  ['wake', []],
  ['totals', ['totals']],
  ['marks', []],
  ['meta', ['meta']],
]

test.each(CERTAIN)(
  'DEL of %s under load: what is found is mended, nothing is found after that, and all that is committed drains',
  async (part, certain) => {
    const server = await serverHere()
    const traffic = new Traffic(server)
    await traffic.answers(1_000)
    await server.cli('DEL', keyIn(traffic.auditor, part))
    await traffic.answers(100)
    const found = kinds(await audit(traffic.auditor, { repair: true }))
    expect(found).toEqual(expect.arrayContaining(certain))
    console.log(part, found.join())
    expect(await audit(traffic.auditor)).toMatchObject({ clean: true, findings: [] })
    await traffic.stop()
    await traffic.auditor.idle()
    expect(await audit(traffic.auditor)).toMatchObject({ clean: true, committed: 0 })
  },
  60_000,
)
