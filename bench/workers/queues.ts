import { createQueue } from '../convoy.js'
import { percentile } from '../figures.js'
import type { Address } from '../server.js'
import { idOf } from '../system.js'

const samples = 1_000

/** 50 queues in one process: 49 idle ones beside the one that is used must not be felt. */
export async function manyQueues(address: Address): Promise<void> {
  console.log('\npublish to start on one queue, ms')
  for (const others of [0, 49]) {
    const queues = await Promise.all(
      Array.from({ length: others }, (_, at) => createQueue(`other-${at}`, { store: address.url })),
    )
    for (const queue of queues) queue.process(async () => {}, { concurrency: 10 })
    await Promise.all(queues.map((queue) => queue.ready()))
    const waits = await latencies(address, `used-beside-${others}`)
    console.log(
      `  beside ${String(others).padStart(2)} idle ones: p50 ${percentile(waits, 50).toFixed(3)}, p99 ${percentile(waits, 99).toFixed(3)}`,
    )
    await Promise.all(queues.map((queue) => queue.close()))
  }
}

async function latencies(address: Address, name: string): Promise<number[]> {
  const queue = await createQueue(name, { store: address.url })
  await queue.ready()
  let started: (at: number) => void = () => {}
  queue.process(async () => started(performance.now()), { concurrency: 10 })
  const waits: number[] = []
  for (let number = 0; number < samples; number++) {
    const start = new Promise<number>((resolve) => {
      started = resolve
    })
    const called = performance.now()
    const published = queue.publish(idOf(number))
    waits.push((await start) - called)
    await published
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  await queue.close()
  return waits
}
