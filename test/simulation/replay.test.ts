import { expect, test } from 'vitest'
import { type Mode, Simulation } from './simulation.js'

const play = async (seed: number, mode: Mode): Promise<string> => (await new Simulation(seed, mode, true).run()).hash

test.each<Mode>(['safety', 'liveness'])(
  '%s: a seed gives the same trace each time, and another one another',
  async (mode) => {
    const hashes = new Set<string>()
    for (let seed = 1; seed <= 20; seed++) {
      const hash = await play(seed, mode)
      expect(await play(seed, mode)).toBe(hash)
      hashes.add(hash)
    }
    expect(hashes.size).toBe(20)
  },
  300_000,
)

test('worlds do not touch each other: played at once, seeds give what they give alone', async () => {
  const seeds = [1, 2, 3, 4, 5]
  const alone: string[] = []
  for (const seed of seeds) alone.push(await play(seed, 'safety'))
  expect(await Promise.all(seeds.map((seed) => play(seed, 'safety')))).toEqual(alone)
}, 300_000)
