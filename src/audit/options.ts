import { type Rules, SIGNAL } from '../check.js'

/** As the table of the core: one default and one check for each. */
export const AUDIT_OPTIONS: Rules = {
  full: {
    kind: 'boolean',
    fallback: true,
    about: 'every ID, in bounded looks; else the totals alone, in constant time',
  },
  repair: { kind: 'boolean', fallback: false, about: 'mends what it finds; only with `full`' },
  sample: { kind: 'integer', fallback: 20, least: 0, most: 10_000, about: 'IDs named per kind of orphan' },
  lease: {
    kind: 'duration',
    fallback: undefined,
    least: 100,
    about: "the longest lease of any worker, for claims whose lease end is gone; else the queue's",
  },
  signal: { kind: 'object', has: SIGNAL, fallback: undefined, about: 'gives up sooner' },
}
