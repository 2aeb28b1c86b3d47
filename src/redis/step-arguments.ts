import type { Held, StepRequest } from '../store.js'

/** A step request as `lua/step.lua` reads it. On the hot path: one array, filled once. */
export function stepArguments(request: StepRequest): string[] {
  const { worker, number, lease, keepFailed, claim, slots, leaving, settle, renew, started } = request
  const args = [
    worker,
    String(number),
    String(lease),
    String(keepFailed),
    String(claim),
    String(slots),
    leaving ? '1' : '0',
  ]
  const done: Held[] = []
  const release: Held[] = []
  const fail: Held[] = []
  const errors: string[] = []
  for (const group of settle) {
    switch (group.end) {
      case 'done':
        done.push(group)
        break
      case 'release':
        release.push(group)
        break
      case 'fail':
        fail.push(group)
        errors.push(...group.errors)
        break
    }
  }
  pushGroups(args, done)
  pushGroups(args, release)
  pushGroups(args, fail)
  for (const error of errors) args.push(error)
  pushGroups(args, renew)
  pushGroups(args, started)
  return args
}

function pushGroups(args: string[], groups: readonly Held[]): void {
  args.push(String(groups.length))
  for (const { token, ids } of groups) {
    args.push(token, String(ids.length))
    for (const id of ids) args.push(id)
  }
}
