import { redisStore } from '../../src/index.js'
import type { Control, OpenStore, Role, Store } from '../../src/store.js'
import { ROLES, rulesOf } from './access.js'
import { rawClient } from './raw-command.js'
import type { RedisServer } from './redis-server.js'

/** Only tests have a clock of their own, in a key that no user of SECURITY.md could read. */
const CLOCK = '(+get %R~convoy:*clock)'

/** One user per role; `more` is what the way to this server asks of every one of them. */
export async function makeUsers(server: Pick<RedisServer, 'cli'>, more: readonly string[] = []): Promise<void> {
  for (const role of ROLES) {
    await server.cli('ACL', 'SETUSER', role, ...rulesOf(role), ...more, ...CLOCK.split(' '))
  }
}

/** The password of each of them, as SECURITY.md has it. */
export const SECRET = 'secret'

export const urlAs = (url: string, user: string): string => url.replace('://', `://${user}:${SECRET}@`)

/** A store whose every verb is called as the user of its role. Keys begin with `convoy:`. */
export function storeByRole(url: string, testClockKey?: string): OpenStore {
  const clock = testClockKey === undefined ? {} : { testClockKey }
  return byRole((role) => redisStore({ url: urlAs(url, role), ...clock }))
}

export interface SharedByRole {
  readonly open: OpenStore
  close(): void
}

/** The same over one connection for each user, however many stores are opened one after the other. */
export async function shareByRole(url: string, testClockKey: string): Promise<SharedByRole> {
  const clients = new Map(ROLES.map((role) => [role, rawClient({ url: urlAs(url, role) })]))
  await Promise.all(Array.from(clients.values(), (client) => client.connect()))
  return {
    open: byRole((role) => redisStore({ client: clients.get(role) as never, testClockKey })),
    close() {
      for (const client of clients.values()) client.destroy()
    },
  }
}

/** The same of any way to reach a server as a user. */
export function byRole(openAs: (role: Role) => OpenStore): OpenStore {
  return (place) => {
    const stores = new Map(ROLES.map((role) => [role, openAs(role)(place)]))
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
