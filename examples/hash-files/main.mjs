// @ts-check
// npm start: the main job of the library on real input, and the proof that it kept its promises. --help tells all.
import { ConvoyError } from 'convoy-queue'
import { HELP, readOptions, UsageError } from './options.mjs'
import { run } from './run.mjs'
import { Screen } from './screen.mjs'

const stop = new AbortController()
process.once('SIGINT', () => stop.abort(new Interrupt()))

class Interrupt extends Error {}

try {
  const options = readOptions(process.argv.slice(2), process.env)
  if (options.help) console.log(HELP)
  else process.exitCode = (await run(options, new Screen(process.stdout, process.env), stop)) ? 0 : 1
} catch (error) {
  process.exitCode = tell(stop.signal.aborted ? stop.signal.reason : error)
}

/** One line for what can be cured by whoever started us; the whole stack for what cannot. @param {unknown} error */
function tell(error) {
  if (error instanceof Interrupt) return 130
  const isUsage = error instanceof UsageError || (error instanceof ConvoyError && error.code === 'BAD_OPTION')
  if (isUsage) console.error(`hash-files: ${error.message}\nTry npm start -- --help`)
  else if (error instanceof ConvoyError) console.error(`hash-files: ${error.code}: ${error.message}`)
  else console.error(error)
  return isUsage ? 2 : 1
}
