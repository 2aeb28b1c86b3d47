// @ts-check
// Looks on: reads the workers' ledgers as they grow, and keeps the bar moving.
import { LedgerReader } from './ledger.mjs'
import { count } from './screen.mjs'

const EVERY = 100

/**
 * @param {readonly import('./crew.mjs').Member[]} members
 * @param {import('./tally.mjs').Tally} tally
 * @param {import('./screen.mjs').Screen} screen
 */
export function watch(members, tally, screen) {
  const readers = members.map(({ label, ledger }) => ({ label, ledger: new LedgerReader(ledger) }))
  const begun = performance.now()
  const look = () => {
    for (const { label, ledger } of readers) tally.ledger(label, ledger.read())
    const rate = tally.runs / ((performance.now() - begun) / 1_000)
    screen.progress(tally.hashed, tally.size, `, ${count(tally.left)} runs to go, ${count(rate)}/s`)
  }
  const timer = setInterval(look, EVERY)
  return {
    /** The last look: the workers have ended, so what is on paper now is all there will be. */
    end() {
      clearInterval(timer)
      look()
      screen.end()
    },
  }
}
