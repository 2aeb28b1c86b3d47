import { ACCESS } from './access.js'
import { CLIENTS } from './clients.js'
import { FEATURES } from './features.js'
import { LIFE } from './life.js'
import { LOOP } from './loop.js'
import { MATRIX } from './matrix.js'
import type { Mutant } from './mutant.js'
import { PLAIN_LANE } from './plain.js'
import { PROTECTIONS } from './protections.js'
import { PROTOCOL } from './protocol.js'

/** Every bug that is planted. */
export const MUTANTS: readonly Mutant[] = [
  ...PROTOCOL,
  ...PLAIN_LANE,
  ...LIFE,
  ...CLIENTS,
  ...LOOP,
  ...FEATURES,
  ...ACCESS,
  ...PROTECTIONS,
  ...MATRIX,
]
