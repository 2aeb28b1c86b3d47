import { expect, test } from 'vitest'
import { createQueue, memoryStore, type OpenStore } from '../../src/index.js'

test('a publish whose answer nobody can read rejects, and close() does not wait for it for ever', async () => {
  const store: OpenStore = (place) => {
    const whole = memoryStore()(place)
    return new Proxy(whole, {
      get: (_, name) =>
        name === 'publish'
          ? async () => ({ verdicts: '?', repeated: false })
          : Reflect.get(whole, name, whole)?.bind?.(whole),
    })
  }
  const queue = createQueue('unread', { store })
  await expect(queue.publish('a')).rejects.toThrow(TypeError)
  await queue.close()
})
