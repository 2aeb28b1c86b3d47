import type { State, WithdrawRequest } from '../../src/store.js'

/** The IDs that a withdrawal took, by the states they were met in: one that is elsewhere than `from` is left there. */
export const withdrawnBy = ({ ids, from }: WithdrawRequest, met: readonly State[]): readonly string[] =>
  ids.filter((_, i) => from === undefined || met[i] === from)
