import type { StepPolicy } from '../policy.js'
import type { Held, Settlement, StepRequest } from '../step.js'

const kindOf = (group: Settlement): string => {
  switch (group.end) {
    case 'done':
      return group.results ? 'k' : 'd'
    case 'release':
      return 'r'
    case 'fail':
      return 'f'
    case 'retry':
      return 't'
  }
}

/** What stands behind the IDs: a text for each of these. */
const textsOf = (group: Settlement): readonly string[] => {
  switch (group.end) {
    case 'done':
      return group.results?.map(({ text, ttl }) => `${ttl} ${text}`) ?? []
    case 'release':
      return []
    case 'fail':
      return group.errors
    case 'retry':
      return group.errors.map((error, i) => `${group.delays[i]} ${error}`)
  }
}

/** A step request as `lua/step.lua` reads it. On the hot path: one array, filled once. */
export function stepArguments(request: StepRequest): string[] {
  const { worker, number, lane, lease, keepFailed, claim, slots, leaving, policy, settle, renew, started } = request
  const numbers = [number, lane, lease, keepFailed, claim, slots, leaving ? 1 : 0]
  const args = [worker, ...numbers.map(String), policy ? policyText(policy) : '']
  pushList(args, settle, kindOf)
  for (const group of settle) {
    if (group.end !== 'done' || group.results) for (const text of textsOf(group)) args.push(text)
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

function policyText({ remember = 0, rememberFrom, active = 0, rate, ordered }: StepPolicy): string {
  const stamped = rememberFrom === 'publish' ? 1 : 0
  return [remember, stamped, active, rate?.max ?? 0, rate?.per ?? 0, ordered ? 1 : 0].join(' ')
}

/** Nothing of it needs a key beyond those of a plain lane, as long as all that it settles is still held. */
export function isPlainStep({ policy, settle, renew, leaving }: StepRequest): boolean {
  for (const group of settle) if (group.end !== 'done' || group.results) return false
  return policy === undefined && renew.length === 0 && !leaving
}
