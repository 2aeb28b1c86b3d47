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
  // Between two looks at its core's clock the server does other things, too, the more the later we look again. What seems
  // too long is as long as the server says that the script itself took.
  await server.cli('CONFIG', 'SET', 'slowlog-log-slower-than', '1000')
  const ofTheScript = async (): Promise<number> => {
    const entries = await server.cli<[id: number, at: number, micros: number, command: string[]][]>(
      'SLOWLOG',
      'GET',
      '5',
    )
    const last = entries.find(([, , , [verb]]) => verb?.toLowerCase().startsWith('evalsha'))
    return (last?.[2] ?? 0) / 1_000
  }
  const pass = async (what: string, repair: boolean) => {
    const times: number[] = []
    const timed = async <T>(call: () => Promise<T>): Promise<T> => {
      const before = busy()
      const reply = await call()
      const spent = busy() - before
      times.push(spent < MOST ? spent : Math.min(spent, await ofTheScript()))
      return reply
    }
    const look: Hands['look'] = (request) => timed(() => store.audit(request, PATIENCE))
    const mend: Hands['mend'] = (request) => timed(() => store.mend(request, PATIENCE))
    const one = new Pass(
      { glance: look, look, mend, pause: async () => {} },
      { full: true, repair, sample: 3, lease: 1_000, limit: LIMIT, wakeAfter: 0, active: 0, opened: true },
    )
    const began = performance.now()
    await one.run()
    times.sort((a, b) => a - b)
    const at = (part: number): string => (times[Math.floor((times.length - 1) * part)] as number).toFixed(2)
    const took = ((performance.now() - began) / 1_000).toFixed(1)
    console.log(`${what}: ${took} s, ${times.length} calls, median ${at(0.5)} ms, 99th ${at(0.99)}, longest ${at(1)}`)
    expect(times.length).toBeGreaterThan(MANY / 1_000)
    expect(times.at(-1)).toBeLessThan(MOST)
    return one.findings.list()
  }

  expect(await pass('an audit', false)).toEqual([])
  await server.cli('DEL', keyOf('convoy', name, 'queued'))
  const [nowhere] = await pass('a repair of the whole line', true)
  expect(nowhere).toMatchObject({ kind: 'nowhere', count: MANY, mended: MANY })
  expect(Number(await server.cli('LLEN', keyOf('convoy', name, 'queued')))).toBe(MANY)
}, 600_000)
