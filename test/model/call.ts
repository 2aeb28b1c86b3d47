import type { Op, Reply } from '../../src/memory/model.js'
import type { Patience, Store } from '../../src/store.js'

/** One call as the contract has it. */
export async function callStore(store: Store, op: Op, patience: Patience): Promise<Reply> {
  switch (op.verb) {
    case 'publish':
      return store.publish(op.request, patience)
    case 'step':
      return store.step(op.request, patience)
    case 'sweep':
      return store.sweep(op.request, patience)
    case 'withdraw':
      return (await store.withdraw(op.request, patience)).states
    case 'move':
      return (await store.move(op.request, patience)).states
    case 'report':
      return store.report(op.request, patience)
    case 'recall':
      return store.recall(op.request, patience)
    case 'inspect':
      return store.inspect(op.request, patience)
    case 'list':
      return store.list(op.request, patience)
    case 'counts':
      return store.counts(patience)
    case 'control':
      return store.control(op.request, patience)
    case 'audit':
      return store.audit(op.request, patience)
    case 'mend':
      return store.mend(op.request, patience)
  }
}
