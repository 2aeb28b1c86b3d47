/**
 * To repeat a run, or make it longer: CONVOY_MODEL_SEED, CONVOY_MODEL_PATH (both printed when it fails), CONVOY_MODEL_RUNS.
 * CONVOY_MODEL_SHRINK=no where it only counts that a game fails, not which moves matter.
 * At a desk the games are others each time; in CI they are the same, so that what fails there was broken by what was changed.
 */
export function settings(runs: number): {
  readonly seed: number
  readonly path: { readonly path?: string; readonly endOnFailure?: true }
  readonly runs: number
} {
  const { CONVOY_MODEL_SEED: seed, CONVOY_MODEL_PATH: path, CONVOY_MODEL_RUNS: more } = process.env
  return {
    seed: Number(seed ?? (process.env['CI'] ? 7 : Date.now() % 2 ** 31)),
    path: {
      ...(path === undefined ? {} : { path }),
      ...(process.env['CONVOY_MODEL_SHRINK'] === 'no' ? { endOnFailure: true } : {}),
    },
    runs: Number(more ?? runs),
  }
}
