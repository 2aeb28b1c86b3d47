import { existsSync, readFileSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import { type Hands, LIMIT, Pass } from '../../src/audit/pass.js'
import { redisStore } from '../../src/index.js'
import { keyOf } from '../../src/redis/keys.js'
import { freshName, queueAt, serverHere } from '../connections/kit.js'
import { PATIENCE } from './rich.js'

/** A million by `AUDIT_IDS=1000000`. A call is as long either way: what it does is bounded by LIMIT. */
const MANY = Number(process.env['AUDIT_IDS'] ?? 200_000)
/** ms the server may be busy with one call. */
const MOST = 10

test('a great many waiting IDs are audited, and mended, without one call that keeps the server busy for 10 ms', async () => {
  const server = await serverHere()
  const name = freshName()
  const queue = queueAt({ url: server.url }, { name })
  await queue.publishMany(
    (async function* () {
      for (let i = 0; i < MANY; i++) yield `monsterTruck:${i}`
    })(),
  )
  const store = redisStore({ url: server.url })({ name, prefix: 'convoy', tell: () => {} })
  onTestFinished(() => store.close())

  // A machine that is shared puts the server aside for tens of milliseconds: so what its core gave to it counts, where the
  // system tells; reading the request and writing the answer are in it.
  const file = `/proc/${server.pid}/schedstat`
  const busy = existsSync(file) ? () => Number(readFileSync(file, 'utf8').split(' ')[0]) / 1e6 : () => performance.now()
  const once = async (what: string, repair: boolean) => {
    const times: number[] = []
    const timed = async <T>(call: () => Promise<T>): Promise<T> => {
      const before = busy()
      const reply = await call()
      times.push(busy() - before)
      return reply
    }
    const look: Hands['look'] = (request) => timed(() => store.audit(request, PATIENCE))
    const mend: Hands['mend'] = (request) => timed(() => store.mend(request, PATIENCE))
    const one = new Pass(
      { glance: look, look, mend, pause: async () => {} },
      { full: true, repair, sample: 3, lease: 1_000, limit: LIMIT, wakeAfter: 0, opened: true },
    )
    const began = performance.now()
    await one.run()
    times.sort((a, b) => a - b)
    const at = (part: number): string => (times[Math.floor((times.length - 1) * part)] as number).toFixed(2)
    const took = ((performance.now() - began) / 1_000).toFixed(1)
    console.log(`${what}: ${took} s, ${times.length} calls, median ${at(0.5)} ms, 99th ${at(0.99)}, longest ${at(1)}`)
    expect(times.length).toBeGreaterThan(MANY / 1_000)
    return { found: one.findings.list(), longest: times.at(-1) as number }
  }
  // Between the two looks at its clock the server does other things, too, the more the busier the machine is: what is
  // too long because of the call is so each time.
  const pass = async (what: string, repair: boolean, prepare: () => Promise<unknown>) => {
    const longest: number[] = []
    for (;;) {
      await prepare()
      const seen = await once(what, repair)
      longest.push(seen.longest)
      if (seen.longest < MOST) return seen.found
      expect(longest.length, `calls of ${longest.join(', ')} ms`).toBeLessThan(3)
    }
  }

  expect(await pass('an audit', false, async () => {})).toEqual([])
  const loseTheLine = () => server.cli('DEL', keyOf('convoy', name, 'queued'))
  const [nowhere] = await pass('a repair of the whole line', true, loseTheLine)
  expect(nowhere).toMatchObject({ kind: 'nowhere', count: MANY, mended: MANY })
  expect(Number(await server.cli('LLEN', keyOf('convoy', name, 'queued')))).toBe(MANY)
}, 600_000)
