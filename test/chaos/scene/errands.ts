import { deepStrictEqual, ok } from 'node:assert/strict'
import type { Queue, Verdict } from '../../../src/index.js'
import { until } from '../../support/until.js'
import type { Stage } from '../stage.js'
import { comes, loseReply, type Verb } from './calls.js'
import { key } from './look.js'
import type { Proxied } from './proxied.js'

/** ms: it does not run by itself before the row is over. */
const LATER = 3_600_000

type Answer = Pick<Verdict, 'outcome' | 'guaranteed'> & { readonly repeated?: boolean }

/** What an operator does by hand while the replies to it are lost. His IDs are his own: what becomes of each is known. */
export class Errands {
  readonly #queue: Queue<unknown>
  readonly #stage: Stage<Proxied>
  readonly #round: number
  #calls: number

  /** `queue` comes through the proxy. */
  constructor(queue: Queue<unknown>, stage: Stage<Proxied>, round: number) {
    this.#queue = queue
    this.#stage = stage
    this.#round = round
    this.#calls = 10 * round
  }

  /** Taken out once; what is told is what the second sending met, and says so. */
  async withdraw(): Promise<void> {
    const before = await this.#total('withdrawn')
    const id = await this.#later('withdrawn')
    const met = await this.#losing('withdraw', () => this.#queue.withdraw([id]))
    deepStrictEqual(met, [{ id, was: 'absent', repeated: true }])
    deepStrictEqual(await this.#total('withdrawn'), before + 1)
    deepStrictEqual((await this.#queue.inspect(id)).state, 'absent')
  }

  /** In line once: the checker sees that it ran, and how often. */
  async promote(): Promise<void> {
    const id = this.#id('promoted')
    await this.#noted(id, () => this.#queue.publish(id, { delay: LATER }))
    const met = await this.#losing('move', () => this.#queue.promote([id]))
    ok(['queued', 'processing', 'absent'].includes(met[0]?.was ?? ''), `${id} was met ${met[0]?.was}`)
    ok(met[0]?.repeated, `${id} was met ${met[0]?.was}, and that may be our own work`)
  }

  /** It goes in once more, and may once again: it fails so soon that the second sending may meet it failed. */
  async retry(): Promise<void> {
    const id = this.#id('retried', 'fails')
    await this.#noted(id, () => this.#queue.publish(id))
    const failed = async (): Promise<boolean> => (await this.#stage.scene.cli('ZSCORE', key('failed'), id)) !== null
    await until(`${id} has failed`, failed)
    await this.#noted(id, async () => {
      const met = await this.#losing('move', () => this.#queue.retry([id]))
      ok(['queued', 'processing', 'failed'].includes(met[0]?.was ?? ''), `${id} was met ${met[0]?.was}`)
      return { outcome: 'queued', guaranteed: true, repeated: true }
    })
  }

  async stats(): Promise<void> {
    const withdrawn = await this.#total('withdrawn')
    const { committed, totals } = await this.#losing('counts', () => this.#queue.stats())
    deepStrictEqual(totals.entered - totals.left, committed)
    // Of all numbers the one that nobody else moves.
    deepStrictEqual(totals.withdrawn, withdrawn)
  }

  async inspect(): Promise<void> {
    const id = await this.#later('inspected')
    const { state } = await this.#losing('inspect', () => this.#queue.inspect(id))
    deepStrictEqual(state, 'delayed')
    const { ids } = await this.#losing('list', () => this.#queue.list('delayed'))
    ok(ids.includes(id), `${id} is not listed`)
    await this.#queue.withdraw([id])
  }

  async pause(): Promise<void> {
    const paused = (): Promise<string | null> => this.#stage.scene.cli('HGET', key('control'), 'paused')
    await this.#losing('steer', () => this.#queue.pause())
    deepStrictEqual(await paused(), '1')
    await this.#losing('steer', () => this.#queue.resume())
    deepStrictEqual(await paused(), null)
  }

  /** It settles although the reply to its first sending is lost. */
  async #losing<T>(verb: Verb, call: () => Promise<T>): Promise<T> {
    const { lost, again } = await loseReply(this.#stage.scene, verb)
    const [answer, ...came] = await Promise.all([call(), comes(lost), comes(again)])
    deepStrictEqual(came, [true, true], `a reply to ${verb} is lost, and it comes again`)
    return answer
  }

  /** As any publisher writes down what he publishes, and what he is told. */
  async #noted(id: string, publish: () => Promise<Answer>): Promise<void> {
    const call = ++this.#calls
    this.#stage.note({ op: 'publish', phase: 'invoke', call, ids: [id] })
    const { outcome, guaranteed, repeated = false } = await publish()
    this.#stage.note({ op: 'publish', phase: 'ok', call, reply: [{ outcome, guaranteed, repeated }] })
  }

  /** One that waits until it is taken out by hand. Nobody is to miss it, so it is not written down. */
  async #later(what: string): Promise<string> {
    const id = this.#id(what)
    await this.#queue.publish(id, { delay: LATER })
    return id
  }

  #id(what: string, kind = 'own'): string {
    return `${kind}:${what}:${this.#round}`
  }

  async #total(name: string): Promise<number> {
    return Number(await this.#stage.scene.cli('HGET', key('totals'), name))
  }
}
