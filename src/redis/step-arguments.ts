import type { Held, Settlement, StepRequest } from '../store.js'

const KIND = { done: 'd', release: 'r', fail: 'f' } as const

/** A step request as `lua/step.lua` reads it. On the hot path: one array, filled once. */
export function stepArguments(request: StepRequest): string[] {
  const { worker, number, lane, lease, keepFailed, claim, slots, leaving, settle, renew, started } = request
  const numbers = [number, lane, lease, keepFailed, claim, slots, leaving ? 1 : 0]
  const args = [worker, ...numbers.map(String)]
  pushList(args, settle, ({ end }: Settlement) => KIND[end])
  for (const group of settle) {
    if (group.end === 'fail') for (const error of group.errors) args.push(error)
  }
  pushList(args, renew, () => '')
  pushList(args, started, () => '')
  return args
}

/** Groups first, then all IDs in one run: the script hands such a run on as it is. */
function pushList<Group extends Held>(args: string[], groups: readonly Group[], kind: (group: Group) => string): void {
  args.push(String(groups.length))
  for (const group of groups) args.push(kind(group), group.token, String(group.ids.length))
  for (const { ids } of groups) for (const id of ids) args.push(id)
}
