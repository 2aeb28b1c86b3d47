/** The few sums the bench does with its figures. Medians throughout: one hiccup of the machine must not move a result. */
export const median = (values: readonly number[]): number => percentile(values, 50)

export function percentile(values: readonly number[], share: number): number {
  if (values.length === 0) return Number.NaN
  const sorted = [...values].sort((a, b) => a - b)
  const place = ((sorted.length - 1) * share) / 100
  const [low, high] = [sorted[Math.floor(place)] as number, sorted[Math.ceil(place)] as number]
  return low + (high - low) * (place % 1)
}

/** Three figures are all such a measurement can carry. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return '–'
  if (value >= 999_500) return `${(value / 1e6).toPrecision(3)}M`
  if (value >= 99_950) return `${Math.round(value / 1e3)}k`
  if (value >= 9_995) return `${(value / 1e3).toFixed(1)}k`
  if (value >= 99.95) return Math.round(value).toLocaleString('en')
  return String(Number(value.toPrecision(3)))
}

export const times = (ratio: number): string => `${ratio >= 9.95 ? Math.round(ratio) : Number(ratio.toPrecision(2))}x`
