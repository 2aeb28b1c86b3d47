import type { StepPolicy } from '../policy.js'
import type { Held, Settlement, StepRequest } from '../step.js'

const LETTERS: Readonly<Record<Settlement['end'], string>> = { done: 'd', release: 'r', fail: 'f', retry: 't' }
const NONE: readonly string[] = []

const kindOf = (group: Settlement): string => (group.end === 'done' && group.results ? 'k' : LETTERS[group.end])

/** What stands behind the IDs: a text for each of these. */
function textsOf(group: Settlement): readonly string[] {
  if (group.end === 'done') return group.results?.map(({ text, ttl }) => `${ttl} ${text}`) ?? NONE
  if (group.end === 'retry') return group.errors.map((error, i) => `${group.delays[i]} ${error}`)
  return group.end === 'fail' ? group.errors : NONE
}

/**
 * A step request as `lua/step.lua` reads it. On the path of every step: one array, filled once, and loops by index, which
 * are a fraction of `for … of` to the compiler.
 */
export function stepArguments(request: StepRequest): string[] {
  const { worker, number, lane, lease, keepFailed, claim, slots, leaving, policy, settle, renew, started } = request
  const args = [worker, String(number), String(lane), String(lease), String(claim), String(slots), String(keepFailed)]
  args.push(leaving ? '1' : '0', policy ? policyText(policy) : '')
  pushList(args, settle, kindOf)
  for (let i = 0; i < settle.length; i++) {
    const texts = textsOf(settle[i] as Settlement)
    if (texts.length > 0) args.push(...texts)
  }
  pushList(args, renew, noKind)
  pushList(args, started, noKind)
  return args
}

const noKind = (): string => ''

/** Groups first, then all IDs in one run: the script hands such a run on as it is. */
function pushList<Group extends Held>(args: string[], groups: readonly Group[], kind: (group: Group) => string): void {
  args.push(String(groups.length))
  for (let i = 0; i < groups.length; i++) {
    const group = groups[i] as Group
    args.push(kind(group), group.token, String(group.ids.length))
  }
  for (let i = 0; i < groups.length; i++) args.push(...(groups[i] as Group).ids)
}

function policyText({ remember = 0, rememberFrom, active = 0, rate, ordered }: StepPolicy): string {
  const stamped = rememberFrom === 'publish' ? 1 : 0
  return [remember, stamped, active, rate?.max ?? 0, rate?.per ?? 0, ordered ? 1 : 0].join(' ')
}

/**
 * The same with the keys of a plain lane alone, or nothing where it asks for more: that all that it settles is still held
 * the script will see. What settles one at most, and claims one at most, is told in few words.
 */
export function plainStepArguments(request: StepRequest): readonly string[] | undefined {
  const { worker, number, lane, lease, claim, slots, leaving, policy, settle, renew, started } = request
  if (policy !== undefined || renew.length > 0 || leaving) return undefined
  for (let i = 0; i < settle.length; i++) {
    const group = settle[i] as Settlement
    if (group.end !== 'done' || group.results) return undefined
  }
  const own = settle[0]
  if (claim > 1 || started.length > 0 || settle.length > 1 || (own && own.ids.length !== 1))
    return stepArguments(request)
  const args = [worker, String(number), String(lane), String(lease), String(claim), String(slots)]
  if (own) args.push(own.token, own.ids[0] as string)
  return args
}
