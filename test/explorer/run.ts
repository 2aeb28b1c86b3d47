import { SCOPES, WIDE } from './scopes.js'
import { Counterexample, search, tell } from './search.js'

// npm run explore                     every scope of the tests
// npm run explore -- wide             larger ones: minutes each
// npm run explore -- crash guards     these
// npm run explore -- crash:0.2.1      walk one way again, move by move

const ALL = [...SCOPES, ...WIDE]

function find(name: string): (typeof ALL)[number] {
  const found = ALL.find((scope) => scope.name === name)
  if (found === undefined) throw new Error(`no scope ${name}; there are ${ALL.map((scope) => scope.name).join(', ')}`)
  return found
}

const asked = process.argv.slice(2)
const names = asked.length === 0 ? SCOPES.map(({ name }) => name) : asked
for (const word of names) {
  const [name = '', way] = word.split(':')
  if (way !== undefined) {
    console.log(tell(find(name), way.split('.').filter(Boolean).map(Number)).join('\n'))
    continue
  }
  for (const scope of name === 'wide' ? WIDE : [find(name)]) {
    const from = performance.now()
    try {
      const { states, transitions, depth, rests } = search(scope)
      const ms = Math.round(performance.now() - from)
      console.log(
        `${scope.name.padEnd(16)} ${states} states, ${transitions} transitions, ${depth} deep, ${rests} rests, ${ms} ms`,
      )
      if (states < 0.9 * scope.states) throw new Error(`there were ${scope.states} states: this walk lost its way`)
    } catch (error) {
      if (!(error instanceof Counterexample)) throw error
      console.error(`${scope.name}: ${error.message}`)
      process.exitCode = 1
    }
  }
}
