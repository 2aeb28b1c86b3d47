import { expect, test } from 'vitest'
import { onBothStores } from './kit.js'

onBothStores((kit) => {
  test('who waits behind another is not let in before it where the queue is emptied meanwhile: of one ID the newest payload is the last that goes in', async () => {
    const world = await kit.world()
    const { clock, spy } = world
    const queue = world.queueFor<string>({ clock, maxLength: 1, waitForRoom: 'PT1M', dedupe: { waiting: 'replace' } })
    await queue.publish('a', { payload: '' })
    const long = queue.publish('b', { payload: 'old' })
    // Another policy is another script.
    const dedupe = { waiting: 'replace', timing: 'earliest' } as const
    const short = queue.publish('b', { payload: 'new', waitForRoom: 500, dedupe })
    await spy.until(() => spy.of('publish').length >= 2)
    const first = spy.hold('publish')
    clock.pass(500)
    await spy.until(() => first.waiting === 1)
    const second = spy.hold('publish')
    first.opened.open()
    await spy.until(() => second.waiting === 1)
    await queue.withdraw('a')
    second.opened.open()
    expect(await short).toMatchObject({ outcome: 'full' })
    clock.pass(1_000)
    expect(await long).toMatchObject({ outcome: 'queued' })
    expect(await queue.inspect('b')).toMatchObject({ payload: 'old' })
  })
})
