import { expect, test } from 'vitest'
import { Latch } from './latch.js'

test('a latch opens when it is told to, and stays open', async () => {
  const latch = new Latch()
  expect(latch.isOpen).toBe(false)
  latch.open()
  latch.countDown()
  expect(latch.isOpen).toBe(true)
  await latch.wait
  await latch.wait
})

test('a latch of three opens at the third countdown and not before', async () => {
  const latch = new Latch(3)
  let opened = false
  const waiting = latch.wait.then(() => {
    opened = true
  })
  latch.countDown()
  latch.countDown()
  await Promise.resolve()
  expect([opened, latch.left]).toEqual([false, 1])
  latch.countDown()
  await waiting
  expect([opened, latch.left]).toEqual([true, 0])
})

test('a latch of none is open from the start', async () => {
  await new Latch(0).wait
})
