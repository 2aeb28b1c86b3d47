/** Text that is found exactly once, and what is put in its place. */
export interface Edit {
  readonly file: string
  readonly find: string
  readonly put: string
}

/** Tests that must turn red: a file, and which of its tests. Or a row of the fault matrix. */
export interface Check {
  readonly what: string
  readonly project: 'unit' | 'redis' | 'simulation' | 'chaos'
  readonly file: string
  /** A pattern of names; '' for all tests of the file. Of a row its name. */
  readonly tests: string
  /** Of a row: what it says of its fault where nobody minds it any more as one should. */
  readonly blunt?: string
  /** They run what was built. */
  readonly built?: true
  /** Of a simulation: seeds from 1 on. */
  readonly seeds?: number
}

/** A bug planted on purpose, and who is expected to find it. */
export interface Mutant {
  readonly bug: string
  readonly where: string
  readonly edits: readonly Edit[]
  readonly check: Check
}

export function edit(file: string, find: string, put: string): Edit {
  return { file, find, put }
}

const leading = (scopes: readonly string[]): string => `wherever '(${scopes.join('|')})' leads`

/** Found where the real server does otherwise than the model. */
export function inLua(bug: string, scopes: readonly string[], edits: readonly Edit[]): Mutant {
  const file = 'test/explorer/side-by-side.test.ts'
  return {
    bug,
    where: 'Lua',
    edits,
    check: { what: 'explorer on Redis', project: 'redis', file, tests: leading(scopes) },
  }
}

/** Found where a law is broken. */
export function inModel(bug: string, scopes: readonly string[], edits: readonly Edit[]): Mutant {
  const file = 'test/explorer/model.unit.test.ts'
  return { bug, where: 'model', edits, check: { what: 'explorer', project: 'unit', file, tests: leading(scopes) } }
}

/** Found where the real server does otherwise than the model, in one of some random games. */
export function inGame(bug: string, edits: readonly Edit[]): Mutant {
  const file = 'test/model/side-by-side.test.ts'
  return { bug, where: 'Lua', edits, check: { what: 'random game on Redis', project: 'redis', file, tests: '' } }
}

/** Found where a sentence of the law suite is not true of the memory store. */
export function inSuite(bug: string, edits: readonly Edit[]): Mutant {
  const file = 'test/store.test.ts'
  return { bug, where: 'model', edits, check: { what: 'law suite', project: 'redis', file, tests: 'the memory store' } }
}

/** Found where a sentence of a chapter of the law suite is not true of Redis. */
export function inLaw(bug: string, chapter: string, edits: readonly Edit[]): Mutant {
  const file = 'test/store.test.ts'
  const tests = `the Redis store, each verb as the user of its role ${chapter}`
  return { bug, where: 'Lua', edits, check: { what: 'law suite on Redis', project: 'redis', file, tests } }
}

/** Found where a law is broken by the state a random game leads to. */
export function inLaws(bug: string, edits: readonly Edit[]): Mutant {
  const file = 'test/model/laws.unit.test.ts'
  const tests = 'the laws hold after every call'
  return { bug, where: 'model', edits, check: { what: 'random game', project: 'unit', file, tests } }
}

export function inClient(bug: string, file: string, tests: string, edits: readonly Edit[]): Mutant {
  const project = file.endsWith('.unit.test.ts') ? 'unit' : 'redis'
  return {
    bug,
    where: 'client',
    edits,
    check: { what: file.replace(/^test\/|\.test\.ts$/g, ''), project, file, tests },
  }
}

/** Found by the worker loop as a whole, in one of some hundred simulated lives of it. */
export function inLoop(bug: string, mode: 'safety' | 'liveness', edits: readonly Edit[]): Mutant {
  return inLives(bug, 'worker loop', { mode, seeds: 300 }, edits)
}

/** Found in simulated lives of whole processes; `seeds`: how many of them it takes, at least. */
export function inLives(
  bug: string,
  where: string,
  { mode, seeds }: { readonly mode: 'safety' | 'liveness'; readonly seeds: number },
  edits: readonly Edit[],
): Mutant {
  const file = `test/simulation/${mode}.test.ts`
  return { bug, where, edits, check: { what: `simulation, ${mode}`, project: 'simulation', file, tests: '', seeds } }
}

/**
 * Found by processes that are killed, stalled and cut off, on a server of their own: in the small dose of a row. By a rule,
 * or by that its fault leaves no mark any more: `blunt` is what the row says then.
 */
export function inChaos(bug: string, row: string, edits: readonly Edit[], blunt?: string): Mutant {
  const where = edits.every(({ file }) => file.startsWith('lua/')) ? 'Lua' : 'client'
  const file = `test/chaos/rows/${row}.ts`
  const how = blunt === undefined ? {} : { blunt }
  return { bug, where, edits, check: { what: `fault matrix, ${row}`, project: 'chaos', file, tests: row, ...how } }
}
