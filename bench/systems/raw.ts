import { readFileSync } from 'node:fs'
import { type Control, connect } from '../server.js'
import { absent, type BenchWorker, type System } from '../system.js'

/** What the raw limit does, as text: the budget holds it to a hash, since a slower limit would flatter every ratio. */
export const rawLua = {
  publish: readFileSync(new URL('../raw/publish.lua', import.meta.url), 'utf8'),
  step: readFileSync(new URL('../raw/step.lua', import.meta.url), 'utf8'),
}

const batch = 500
/** Two scripts on the way keep both Redis and the client busy; more gains nothing on one connection. */
const inFlight = 2
const [committed, queued, processing] = ['raw:committed', 'raw:queued', 'raw:processing']

/** The raw Lua limit: no queue, only its three data structures, moved in batches. Nothing on Redis can beat it by much. */
export const raw: System = {
  name: 'raw',
  settings: `own Lua on node-redis, batches of ${batch}, ${inFlight} in flight; no leases, tokens, totals or wake-ups`,
  version: () => `batches of ${batch}`,
  can: ['batches'],
  lacks: {
    A: 'batches only',
    C: 'batches only',
    D1: 'batches only',
    D10: 'batches only',
    E: 'no wake-up',
    L: 'no wake-up',
  },
  async open(address) {
    const client = await connect(address)
    const publish = await client.scriptLoad(rawLua.publish)
    const step = await client.scriptLoad(rawLua.step)
    return {
      publish: absent,
      async publishMany(ids) {
        let next = 0
        await inLanes(async () => {
          while (next < ids.length) {
            const part = ids.slice(next, next + batch)
            next += batch
            await client.sendCommand(['EVALSHA', publish, '2', committed, queued, ...part])
          }
        })
      },
      worker: async (handle) => rawWorker(client, step, (id) => void handle(id)),
      settleAll: (size) => inLanes(() => lane(client, step, size, () => {})),
      close: () => client.close(),
    }
  },
}

function rawWorker(client: Control, step: string, each: (id: string) => void): BenchWorker {
  let done: Promise<unknown> = Promise.resolve()
  return {
    start: () => {
      done = inLanes(() => lane(client, step, batch, each))
    },
    stop: () => done,
  }
}

/** Settle the last batch and claim the next in one call, until there is none. */
async function lane(client: Control, step: string, size: number, each: (id: string) => void): Promise<void> {
  let held: string[] = []
  do {
    const end = String(Date.now() + 30_000)
    const args = ['EVALSHA', step, '3', committed, queued, processing, String(size), end, ...held]
    held = (await client.sendCommand(args)) as unknown as string[]
    for (const id of held) each(id)
  } while (held.length > 0)
}

const inLanes = (run: () => Promise<void>): Promise<unknown> => Promise.all(Array.from({ length: inFlight }, run))
