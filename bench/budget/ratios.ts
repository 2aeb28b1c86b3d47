import { median } from '../figures.js'
import { Processes } from '../processes.js'
import type { Address } from '../server.js'

/** Each of our rows, and the row of the raw limit it is held against: the one that moves the IDs the same way. */
const pairs: Readonly<Record<string, string>> = {
  A: 'P500',
  B: 'P500',
  C: 'P500',
  P500: 'P500',
  D10: 'S500',
  D100: 'S500',
  D100p1000: 'S500',
  S500: 'S500',
}
const rounds = 3

/** Our rate as a share of the raw limit's, the median of the rounds; both sides of a ratio come from one round. */
export async function ratiosToRaw(
  address: Address,
  onProgress: (text: string) => void,
): Promise<Record<string, number>> {
  const processes = new Processes({ kept: false })
  const rate = async (system: string, work: string) => {
    const answer = await processes.ask({ system, work, address, quick: true, turn: 0, turns: 1 })
    if ('error' in answer) throw new Error(`${system} ${work}: ${answer.error}`)
    return answer.values[0] as number
  }
  const seen: Record<string, number[]> = {}
  for (let round = 1; round <= rounds; round++) {
    onProgress(`round ${round} of ${rounds} …`)
    const limits: Record<string, number> = {}
    for (const row of new Set(Object.values(pairs))) limits[row] = await rate('raw', row)
    for (const [row, limit] of Object.entries(pairs)) {
      const share = (await rate('convoy', row)) / (limits[limit] as number)
      seen[row] = [...(seen[row] ?? []), share]
    }
  }
  return Object.fromEntries(Object.entries(seen).map(([row, shares]) => [row, Number(median(shares).toPrecision(3))]))
}

/** Row by row, the median of several measurements. */
export function middleOf(all: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  return Object.fromEntries(Object.keys(pairs).map((row) => [row, median(all.map((one) => one[row] ?? 0))]))
}
