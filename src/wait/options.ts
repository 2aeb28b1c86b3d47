import { type Rules, SIGNAL } from '../check.js'

/** What a wait takes; `publishAndWait` takes a publish's options as well. */
export const WAIT_OPTIONS: Rules = {
  timeout: { kind: 'duration', fallback: 0, least: 0, about: 'when to give up; 0 = never' },
  signal: { kind: 'object', has: SIGNAL, fallback: undefined, about: 'gives up sooner' },
}
