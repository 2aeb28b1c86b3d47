import { edit, inGame, type Mutant } from './mutant.js'

const ALL = 'reset on >secret ~convoy:* &convoy:* +evalsha +evalsha_ro +script|load +info'

/** A role's line in SECURITY.md, up to the right that is taken away. */
function without(role: string, before: string, right: string): Mutant {
  const line = `${role} ${before}`
  return {
    ...inGame(`a user ${role} who is not granted ${right}`, [edit('SECURITY.md', `${line} ${right} `, `${line} `)]),
    where: 'access',
  }
}

/** The lines that people are told to type, each short of one right: what runs as that user must be refused. */
export const ACCESS: readonly Mutant[] = [
  without('publisher', ALL, '+exists'),
  without('worker', `${ALL} +blpop`, '+exists'),
  without('guard', ALL, '+exists'),
  without('operator', ALL, '+exists'),
  without('dashboard', 'reset on >secret %R~convoy:* +evalsha_ro +script|load +info +hexists +hget', '+hgetall'),
  {
    ...inGame('a user listener who is not granted +xrange', [
      edit('SECURITY.md', ' +xrange +zcard +zmscore +zrange (+set', ' +zcard +zmscore +zrange (+set'),
    ]),
    where: 'access',
  },
]
