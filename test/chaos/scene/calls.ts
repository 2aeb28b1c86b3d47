import { type Script, scriptsFor } from '../../../src/redis/scripts.js'
import { lasting } from '../time.js'
import { queueName } from './look.js'
import type { Proxied } from './proxied.js'

export type Verb = Script['name']

/** ms in which each script is called under load, and asked for again once its reply was lost. */
const SOON = 3_000
/** The lane of a step that rides with a wait. */
const WAITING = '2'

const scripts = scriptsFor('chaos', queueName)

/** Calls of one script, told by its SHA. Not of a step behind a wait: cut off there, it has not run. */
export function callOf(verb: Verb): (args: readonly string[]) => boolean {
  const { sha } = scripts[verb]
  return (args) => args[1] === sha && !(verb === 'step' && laneOf(args) === WAITING)
}

/** Of `EVALSHA sha n key … worker number lane …`. */
const laneOf = (args: readonly string[]): string | undefined => args[Number(args[2]) + 5]

/** Whether it comes soon. */
export async function comes(event: Promise<unknown>): Promise<boolean> {
  const over = new AbortController()
  const late = lasting(SOON, over.signal).then(() => false)
  const inTime = await Promise.race([event.then(() => true), late])
  over.abort()
  return inTime
}

/** The server does the next call of this script, and its reply is lost; then the very same call comes again. */
export async function loseReply(
  { proxy, cli }: Proxied,
  verb: Verb,
): Promise<{ readonly lost: Promise<unknown>; readonly again: Promise<unknown> }> {
  // Else the reply that is lost may be NOSCRIPT, to a call that was not done.
  await cli('SCRIPT', 'LOAD', scripts[verb].text)
  const isCall = callOf(verb)
  let call: readonly string[] | undefined
  // Asked for first: it may come again before we hear that the reply is lost.
  const again = proxy.meet((args) => call?.length === args.length && args.every((arg, i) => arg === call?.[i]))
  const lost = proxy.dropReply((args) => {
    if (!isCall(args)) return false
    call = args
    return true
  })
  return { lost, again }
}
