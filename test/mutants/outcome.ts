/** What became of a check. `broken`: it could not be run, or not in time, which proves nothing. */
export type Outcome =
  | { readonly kind: 'green' }
  | { readonly kind: 'red'; readonly test: string; readonly why: string }
  | { readonly kind: 'broken'; readonly why: string }

interface Report {
  readonly numTotalTests: number
  readonly numPassedTests: number
  readonly testResults: readonly {
    readonly message: string
    readonly assertionResults: readonly {
      readonly status: string
      readonly title: string
      readonly failureMessages: readonly string[]
    }[]
  }[]
}

/** Red is an assertion that failed. A file that cannot be loaded is broken, and so is one in which nothing ran. */
export function readReport(text: string, code: number | null): Outcome {
  if (text === '') return { kind: 'broken', why: `no report, exit code ${code}` }
  const { testResults, numPassedTests } = JSON.parse(text) as Report
  const failed = testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .find(({ status }) => status === 'failed')
  if (failed !== undefined) {
    const why = (failed.failureMessages[0] ?? '').split('\n')[0]?.replace(/^(?:\w*Error|Counterexample): /, '') ?? ''
    // What vitest says of a test that ran into its limit.
    return { kind: 'red', test: failed.title, why: why === 'STACK_TRACE_ERROR' ? 'it did not end' : why }
  }
  if (code !== 0) return { kind: 'broken', why: testResults[0]?.message || `exit code ${code}, and no test failed` }
  return numPassedTests > 0 ? { kind: 'green' } : { kind: 'broken', why: 'no test ran' }
}

/**
 * Of what a run of the fault matrix printed. Red is a rule that does not hold of a history that is whole: the rules read
 * much into one that breaks off. That a fault did not bite may be the machine's doing: it counts where just that was expected.
 */
export function readPlay(text: string, code: number | null, blunt?: string): Outcome {
  if (code === 0) return { kind: 'green' }
  const off = /^ {2}the row broke: .*$/m.exec(text)
  const breach = /^ {2}K\d+: (.*)$/m.exec(text)
  const rules = / BROKEN ((?:K\d+ ?)+)$/m.exec(text)?.[1]
  if (code === 1 && !off && breach && rules) return { kind: 'red', test: rules, why: breach[1] ?? '' }
  if (code === 1 && !off && blunt && text.includes(`  the fault did not bite: ${blunt}\n`))
    return { kind: 'red', test: 'the fault did not bite', why: blunt }
  const why = off ?? /^.*(?:the fault did not bite|NOT RUN): .*$/m.exec(text)
  return { kind: 'broken', why: why?.[0].trim() ?? `exit code ${code}, and no rule was broken` }
}
