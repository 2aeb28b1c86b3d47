import { expect, onTestFinished, test } from 'vitest'
import { events, journal, listen, type QueueEvent } from '../../src/events-log/index.js'
import { onBothStores } from '../queue/kit.js'
import { ALIKE, HOSTILE } from '../support/hostile.js'

const IDS = [...new Set([...HOSTILE, ...ALIKE])]
const KINDS = [
  ...['queued', 'revived', 'duplicate', 'started', 'progress', 'done'],
  ...['retried', 'failed', 'jammed', 'withdrawn', 'gap'],
] as const

/** The IDs told of each kind, in order. */
class Heard {
  readonly ids = new Map<string, string[]>()
  #look = (): void => {}

  readonly take = (event: QueueEvent): void => {
    if (event.kind === 'gap') throw new Error('a gap')
    this.ids.set(event.kind, [...(this.ids.get(event.kind) ?? []), ...event.ids])
    this.#look()
  }

  of(kind: string): string[] {
    return this.ids.get(kind) ?? []
  }

  /** Resolves once each of these kinds has told of so many. */
  until(kinds: readonly string[], count: number): Promise<void> {
    return new Promise((resolve) => {
      this.#look = () => {
        if (kinds.every((kind) => this.of(kind).length >= count)) resolve()
      }
      this.#look()
    })
  }
}

onBothStores((kit) => {
  test('odd IDs are told as they are, to whoever listens and in the journal', async () => {
    const world = await kit.world()
    const queue = world.queue({ attempts: 2, backoff: 0 })
    const heard = new Heard()
    await journal(queue, { keep: 10_000 })
    const ears = await listen(world.queue(), Object.fromEntries(KINDS.map((kind) => [kind, heard.take])))
    onTestFinished(() => ears.close())
    await queue.publishMany(IDS)
    await queue.publishMany(IDS)
    await world.die({ claim: 1_000 })
    await world.lapse({ limit: 1_000 })
    await heard.until(['jammed'], IDS.length)
    const worker = queue.process(
      async (job) => {
        await job.progress(1)
        throw new Error('no')
      },
      { concurrency: IDS.length },
    )
    await heard.until(['failed'], IDS.length)
    await worker.close()
    await queue.publishMany(IDS)
    queue.process(() => {}, { concurrency: IDS.length })
    await heard.until(['done'], IDS.length)
    await queue.publishMany(IDS.map((id) => ({ id, delay: 'PT1H' })))
    await queue.withdraw(IDS)
    await heard.until(['withdrawn'], IDS.length)
    for (const kind of ['queued', 'duplicate', 'revived', 'withdrawn']) {
      // What comes back to the queue after it was done is queued once more.
      expect(heard.of(kind).slice(0, IDS.length), kind).toEqual(IDS)
    }
    for (const kind of ['jammed', 'retried', 'failed', 'done', 'withdrawn']) {
      expect(heard.of(kind).toSorted(), kind).toEqual(IDS.toSorted())
    }
    for (const kind of ['started', 'progress']) expect(new Set(heard.of(kind)), kind).toEqual(new Set(IDS))
    const kept = new Heard()
    for await (const event of events(queue, { from: 'oldest' })) {
      kept.take(event)
      if (kept.of('withdrawn').length >= IDS.length) break
    }
    expect(kept.ids).toEqual(heard.ids)
  })
})
