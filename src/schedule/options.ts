import type { Rules } from '../check.js'

/** What `every` takes besides the ID and when. */
export const EVERY_OPTIONS: Rules = {
  timeZone: {
    kind: 'other',
    fallback: undefined,
    about: "of a cron text, such as `'Europe/Berlin'`; else UTC, whatever the process has",
  },
  payload: { kind: 'other', fallback: undefined, about: 'as for publish; the same for every slot' },
  priority: { kind: 'other', fallback: undefined, about: 'as for publish' },
  dedupe: { kind: 'other', fallback: undefined, about: 'as for publish' },
}
