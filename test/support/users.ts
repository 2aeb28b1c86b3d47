import { redisStore } from '../../src/index.js'
import type { Control, OpenStore, Role, Store } from '../../src/store.js'
import { marked } from '../docs/pages.js'
import type { RedisServer } from './redis-server.js'

/** Who may do what, in the words of SECURITY.md: what it tells people to type is what the tests run as. */
const LINES = new Map(
  [...marked('SECURITY.md', 'access').matchAll(/^ACL SETUSER (\w+) (reset .*)$/gm)].map(([, role = '', rules = '']) => [
    role,
    rules,
  ]),
)

export const ROLES = [...LINES.keys()] as readonly Role[]

export function rulesOf(role: Role): readonly string[] {
  const rules = LINES.get(role)
  if (rules === undefined) throw new Error(`SECURITY.md has no line for ${role}`)
  return rules.split(' ')
}

/** Only tests have a clock of their own, in a key that no user of SECURITY.md could read. */
const CLOCK = '(+get %R~convoy:*clock)'

/** A rule, or several in brackets, which hold for their own keys alone. */
const RULE = /\([^)]*\)|\S+/g

/** All roles in one, and keys of any prefix: for a server on which nobody who is not the test may do more. */
export const ALL_RULES: readonly string[] = [
  ...new Set(ROLES.flatMap((role) => rulesOf(role).slice(3).join(' ').match(RULE) ?? []).map(everywhere)),
].flatMap((rule) => rule.split(' '))

function everywhere(rule: string): string {
  return rule.replace(/(%R)?~convoy:\*/g, '~*').replace(/^&convoy:\*$/, '&*')
}

/** One user per role. */
export async function makeUsers(server: Pick<RedisServer, 'cli'>): Promise<void> {
  for (const role of ROLES) await server.cli('ACL', 'SETUSER', role, ...rulesOf(role), ...CLOCK.split(' '))
}

export const urlAs = (url: string, user: string): string => url.replace('://', `://${user}:secret@`)

/** A store whose every verb is called as the user of its role. Keys begin with `convoy:`. */
export function storeByRole(url: string, testClockKey?: string): OpenStore {
  return (place) => {
    const clock = testClockKey === undefined ? {} : { testClockKey }
    const stores = new Map(ROLES.map((role) => [role, redisStore({ url: urlAs(url, role), ...clock })(place)]))
    const as = (role: Role): Store => stores.get(role) as Store
    return {
      publish: (request, patience) => as('publisher').publish(request, patience),
      step: (request, patience) => as('worker').step(request, patience),
      awaitWork: (timeout, signal, next) => as('worker').awaitWork(timeout, signal, next),
      sweep: (request, patience) => as('guard').sweep(request, patience),
      move: (request, patience) => as('operator').move(request, patience),
      report: (request, patience) => as('worker').report(request, patience),
      recall: (ids, patience) => as('listener').recall(ids, patience),
      listen: (hear, signal, patience) => as('listener').listen(hear, signal, patience),
      withdraw: (ids, patience) => as('operator').withdraw(ids, patience),
      inspect: (ids, patience) => as('dashboard').inspect(ids, patience),
      list: (request, patience) => as('dashboard').list(request, patience),
      counts: (patience) => as('dashboard').counts(patience),
      control: (order, patience) => as(callerOf(order)).control(order, patience),
      audit: (request, patience) => as('operator').audit(request, patience),
      mend: (request, patience) => as('operator').mend(request, patience),
      close: async () => {
        await Promise.all(Array.from(stores.values(), (store) => store.close()))
      },
    }
  }
}

function callerOf(order: Control): Role {
  switch (order.order) {
    case 'open':
      return order.role ?? 'dashboard'
    case 'clear':
    case 'pause':
    case 'resume':
    case 'journal':
    case 'schedule':
      return 'operator'
    case 'messages':
    case 'schedules':
      return 'listener'
    case 'wake':
      return 'worker'
  }
}
