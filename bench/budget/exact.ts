import { type Address, bytesFreed, type Control, commandCalls, connect } from '../server.js'
import { done, openStore, patience, policy, Stepper } from '../store.js'
import { idsOf } from '../system.js'

/** What does not depend on the machine, and is therefore held to the digit. */
export interface Exact {
  /** Another version of the server may allocate otherwise, so bytes are compared only on the same one. */
  readonly redis: string
  readonly bytesPerId: number
  /** Redis commands of one call, by name, those inside the script included. */
  readonly commands: Readonly<Record<string, Readonly<Record<string, number>>>>
}

const size = 500
const waiting = 100_000
/** Once a second a script does a little more (it marks the time): the least of so many calls is the same every time. */
const calls = 5

export async function measureExact(address: Address, redis: string): Promise<Exact> {
  const control = await connect(address)
  try {
    return { redis, bytesPerId: await bytesPerId(address, control), commands: await commandsPerCall(address, control) }
  } finally {
    await control.flushAll()
    control.destroy()
  }
}

async function bytesPerId(address: Address, control: Control): Promise<number> {
  await control.flushAll()
  const store = await openStore(address, 'budget')
  const ids = idsOf(waiting)
  for (let from = 0; from < waiting; from += size)
    await store.publish({ ids: ids.slice(from, from + size), policy }, patience)
  const bytes = await bytesFreed(control, () => control.flushAll('SYNC'))
  await store.close()
  // A connection's buffer that is let go in between weighs a fraction of a byte per ID.
  return Math.round(bytes / waiting)
}

async function commandsPerCall(address: Address, control: Control): Promise<Exact['commands']> {
  await control.flushAll()
  const store = await openStore(address, 'budget')
  const stepper = new Stepper(store, 'budget')
  let number = 0
  const fresh = (count: number) => {
    number += count
    return idsOf(count, number - count)
  }
  const publish = (ids: readonly string[]) => store.publish({ ids, policy }, patience)
  const found: Record<string, Record<string, number>> = {}
  const count = async (name: string, prepare: () => Promise<() => Promise<unknown>>) => {
    const seen: Record<string, number>[] = []
    for (let call = 0; call < calls; call++) {
      const run = await prepare()
      const before = await commandCalls(control)
      await run()
      seen.push(difference(before, await commandCalls(control)))
    }
    found[name] = seen.sort((a, b) => sum(a) - sum(b))[0] as Record<string, number>
  }
  await publish(fresh(size))
  await count('publish 1', async () => () => publish(fresh(1)))
  await count(`publish ${size}`, async () => () => publish(fresh(size)))
  await count(`publish ${size} duplicates`, async () => () => publish(idsOf(size, number - size)))
  await count(`claim ${size}`, async () => () => stepper.step(size))
  for (let call = 0; call < calls * 4; call++) await publish(fresh(size))
  await count(`settle ${size}`, async () => {
    const held = await stepper.step(size)
    return () => stepper.step(0, done(held))
  })
  let held = await stepper.step(size)
  await count(`settle ${size} and claim ${size}`, async () => async () => {
    held = await stepper.step(size, done(held))
  })
  await count(`withdraw ${size}`, async () => {
    const ids = fresh(size)
    await publish(ids)
    return () => store.withdraw({ ids }, patience)
  })
  await count('stats', async () => () => store.counts(patience))
  await store.close()
  return found
}

/** Only what was called, without the INFO that asks. */
function difference(before: Record<string, number>, after: Record<string, number>): Record<string, number> {
  const names = Object.keys(after).filter((name) => name !== 'info' && after[name] !== (before[name] ?? 0))
  return Object.fromEntries(names.sort().map((name) => [name, (after[name] as number) - (before[name] ?? 0)]))
}

const sum = (calls: Record<string, number>): number => Object.values(calls).reduce((total, each) => total + each, 0)
