/** To repeat a run, or make it longer: CONVOY_MODEL_SEED, CONVOY_MODEL_PATH (both printed when it fails), CONVOY_MODEL_RUNS. */
export function settings(runs: number): { seed: number; path: { path?: string }; runs: number } {
  const { CONVOY_MODEL_SEED: seed, CONVOY_MODEL_PATH: path, CONVOY_MODEL_RUNS: more } = process.env
  return {
    seed: Number(seed ?? Date.now() % 2 ** 31),
    path: path === undefined ? {} : { path },
    runs: Number(more ?? runs),
  }
}
