/** ` Did you mean 'concurrency'?`, when some name is near. */
export function suggestion(name: string, known: readonly string[]): string {
  const near = known.map((candidate) => ({ candidate, steps: distance(name.toLowerCase(), candidate.toLowerCase()) }))
  const best = near.sort((a, b) => a.steps - b.steps)[0]
  return best && best.steps <= Math.max(2, name.length / 3)
    ? ` Did you mean '${best.candidate}'?`
    : ` There are: ${known.join(', ')}.`
}

/** Levenshtein's distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next[j] = Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1)
    }
    row = next
  }
  return row[b.length] ?? 0
}
