import { type DedupePolicy, isPlainPublish, type Traits } from '../policy.js'
import type { PublishRequest } from '../store.js'

/** A publish as `lua/publish.lua` reads it: a policy, the IDs, and what they bring if any does. */
export function publishArguments(request: PublishRequest): string[] {
  const { ids, policy, traits } = request
  const args = [isPlainPublish(request) ? 'discard' : policyText(policy, traits !== undefined), ...ids]
  if (traits) for (const trait of traits) args.push(...traitTexts(trait))
  return args
}

function policyText(policy: DedupePolicy, brings: boolean): string {
  const { waiting = 'discard', timing = 'first', processing, failed = 'revive', maxWait = '', maxLength = 0 } = policy
  const letters = [waiting, timing, processing, failed].map((knob) => knob[0]).join('')
  const flag = (on: boolean | undefined): string => (on ? '1' : '0')
  return `${letters}${flag(policy.stamp)}|${maxWait}|${maxLength}|${flag(policy.bind)}|${flag(brings)}`
}

/** Nothing stands for what is not brought. */
function traitTexts({ delay, runAt, priority, payload, slot }: Traits): string[] {
  const due = runAt === undefined ? (delay ? `+${delay}` : '') : String(runAt)
  return [due, text(priority), payload === undefined ? '' : `p${payload}`, text(slot)]
}

const text = (value: number | undefined): string => (value === undefined ? '' : String(value))
