import { closeSync, fstatSync, openSync, readSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { until } from '../support/until.js'
import { Actor } from './actor.js'
import { type Happening, Recorder } from './history.js'
import type { Load, Part, RoleName } from './part.js'
import type { Random } from './random.js'
import { finalLook, key, look, queueName } from './scene/look.js'
import type { Scene } from './scene/scene.js'
import { lasting } from './time.js'

/** ms between two looks at all places. */
const LOOK_EVERY = 150

/** A row under way: its servers, its processes, its faults, its history. */
export class Stage<S extends Scene = Scene> {
  readonly scene: S
  readonly load: Load
  readonly random: Random
  readonly folder: string
  kills = 0
  /** Beginnings of a history that were loaded. */
  prefixes = 0
  /** Bytes of history that a fault has taken back. */
  undone = 0
  /** Why the last look that failed did. */
  unseen = ''
  readonly files: string[] = []
  readonly #cast: Actor[] = []
  readonly #recorder: Recorder
  #spawned = 0
  #looking = true
  #looks: Promise<void> | undefined

  constructor(scene: S, load: Load, random: Random, folder: string) {
    this.scene = scene
    this.load = load
    this.random = random
    this.folder = folder
    this.#recorder = new Recorder(this.#file('harness'), 'harness')
  }

  note(happening: Happening): void {
    this.#recorder.note(happening)
  }

  of(role: RoleName): Actor[] {
    return this.#cast.filter(({ part, alive }) => part.role === role && alive)
  }

  /** Everybody is up, and work is flowing. */
  async begin(): Promise<void> {
    const { guards, workers, publishers } = this.load
    const all = [
      ...Array.from({ length: guards }, () => this.spawn('guard')),
      ...Array.from({ length: workers }, () => this.spawn('worker')),
      ...Array.from({ length: publishers }, () => this.spawn('publisher')),
    ]
    await Promise.all(all.map(({ ready }) => ready))
    this.#looks = this.#look()
    await until('work flows', async () => Number(await this.scene.cli('HGET', key('totals'), 'done')) > 20)
  }

  spawn(role: RoleName): Actor {
    const proc = `${role}${++this.#spawned}`
    const { durability, workerEnv } = this.scene
    const library = this.scene.libraryFor?.(role)
    const part: Part = {
      role,
      proc,
      file: this.#file(proc),
      connect: this.scene.connect,
      queue: queueName,
      seed: String(this.random.branch(proc).next()),
      load: this.load,
      ...(durability === undefined ? {} : { durability }),
    }
    const env = { ...(role === 'worker' ? workerEnv : {}), ...(library ? { CHAOS_LIBRARY: library } : {}) }
    const actor = new Actor(part, env)
    this.#cast.push(actor)
    return actor
  }

  /** SIGKILL for one of them, chosen by the seed, at once or at a named point; then another takes its place, and is up. */
  killOne(role: RoleName, point?: 'inside' | 'after'): Promise<void> {
    return this.kill(this.random.pick(this.of(role)), point)
  }

  /** The same for this one. */
  async kill(actor: Actor, point?: 'inside' | 'after'): Promise<void> {
    await (point === undefined ? actor.kill() : actor.die(point))
    this.note({ op: 'kill', phase: 'note', whom: actor.part.proc })
    this.kills++
    await this.spawn(actor.part.role).ready
  }

  /** Work goes on undisturbed; recovery hides here. */
  calm(least: number, most = least): Promise<void> {
    return lasting(this.random.between(least, most))
  }

  /** A fault, from its beginning to its end, and until work flows again; `window`: what the server may forget, ms. */
  async fault(name: string, inject: () => Promise<unknown>, window?: number): Promise<void> {
    this.note({ op: 'fault', phase: 'invoke', name, ...(window === undefined ? {} : { window }) })
    try {
      await inject()
    } finally {
      this.note({ op: 'fault', phase: 'ok', name })
    }
    await this.#recovered()
  }

  /** Publishers go home, all that is in the queue is worked off, everybody goes home, and what is left is written down. */
  async end(): Promise<void> {
    await this.#dismiss(this.of('publisher'))
    const empty = async (): Promise<boolean> => (await this.scene.cli<number>('SCARD', key('committed'))) === 0
    // What is stuck is told by the final look.
    await until('all is worked off', empty, 20_000 + 8 * this.load.lease).catch(() => {})
    await this.#dismiss([...this.of('worker'), ...this.of('guard')])
    this.#looking = false
    await this.#looks
    this.note({ op: 'final', phase: 'note', final: await finalLook(this.scene) })
  }

  /** Nobody is left, whatever happened. */
  async clear(): Promise<void> {
    this.#looking = false
    for (const actor of this.#cast) if (actor.alive) await actor.kill()
    await this.#looks
  }

  /** Some work has been done since, and every worker has begun some. Whether in time, rule K9 says of the history. */
  async #recovered(): Promise<void> {
    const workers = this.of('worker').map(({ part: { file } }) => ({ file, from: statSync(file).size }))
    const done = (): Promise<unknown> => this.scene.cli('HGET', key('totals'), 'done')
    const before = await done().catch(() => undefined)
    await until('work flows again', async () => (await done()) !== before).catch(() => {})
    const resumed = async (): Promise<boolean> => workers.every(({ file, from }) => hasBegun(file, from))
    await until('every worker works again', resumed).catch(() => {})
  }

  async #dismiss(actors: readonly Actor[]): Promise<void> {
    const ended = await Promise.all(actors.map((actor) => actor.stop()))
    for (const [i, actor] of actors.entries()) {
      if (!ended[i]) this.note({ op: 'hung', phase: 'note', whom: actor.part.proc })
    }
  }

  /** L1, again and again, at one instant each; a server that is away is looked at later. */
  async #look(): Promise<void> {
    while (this.#looking) {
      try {
        this.note({ op: 'look', phase: 'note', ...(await look(this.scene)) })
      } catch (error) {
        this.unseen = String(error)
      }
      await lasting(LOOK_EVERY)
    }
  }

  #file(proc: string): string {
    const path = join(this.folder, `${proc}.jsonl`)
    // There from the beginning: a process may die before it writes its first line.
    writeFileSync(path, '')
    this.files.push(path)
    return path
  }
}

/** A run began in a history from a byte on. */
function hasBegun(path: string, from: number): boolean {
  const file = openSync(path, 'r')
  try {
    const tail = Buffer.alloc(fstatSync(file).size - from)
    readSync(file, tail, 0, tail.length, from)
    return tail.includes('"op":"run","phase":"invoke"')
  } finally {
    closeSync(file)
  }
}
