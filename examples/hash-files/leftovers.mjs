// @ts-check
// `clear()` takes out every ID, but leaves the queue's totals, as a queue that goes on needs them. Ours never comes again.
import { createClient } from 'redis'

/** @param {string} store a URL @param {string} queue a name without glob characters */
export async function removeKeys(store, queue) {
  if (store === 'memory:') return
  const client = createClient({ url: store })
  client.on('error', () => {})
  await client.connect()
  try {
    for await (const keys of client.scanIterator({ MATCH: `convoy:{${queue}}:*`, COUNT: 1_000 })) {
      if (keys.length > 0) await client.unlink(keys)
    }
  } finally {
    client.destroy()
  }
}
