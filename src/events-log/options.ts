import { type Rules, SIGNAL } from '../check.js'

const FOLLOWING: Rules = {
  from: {
    kind: 'other',
    fallback: undefined,
    about: "the position to begin at, or 'oldest' for the first that is kept; else what is sent from now on",
  },
  signal: { kind: 'object', has: SIGNAL, fallback: undefined, about: 'ends it' },
}

/** The options of `convoy-queue/events`. */
export const EVENTS_OPTIONS: Readonly<Record<'events' | 'listen' | 'journal', Rules>> = {
  events: FOLLOWING,
  listen: FOLLOWING,
  journal: {
    keep: { kind: 'integer', fallback: undefined, least: 0, most: 10_000_000, about: 'messages kept; 0 keeps none' },
  },
}
