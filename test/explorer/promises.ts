import type { StepReply, SweepReply } from '../../src/step.js'
import type { PublishReply, State } from '../../src/store.js'
import { VERDICTS } from '../../src/verdict.js'
import { withdrawnBy } from '../model/withdrawn.js'
import type { Call } from './server.js'
import { bare, type Promises } from './world.js'

/** What a call does to the promises: a publish gives them, a claim serves them, an end on record takes them back. */
export function keepPromises(promises: Promises, { before, op, told, after }: Call): Promises {
  if ('thrown' in told) return promises
  const next = new Map(promises)
  switch (op.verb) {
    case 'publish': {
      const { verdicts } = told.reply as PublishReply
      op.request.ids.forEach((id, place) => {
        const letter = verdicts[place] as string
        if (!VERDICTS[letter]?.guaranteed) return
        const was = next.get(id)
        // Where a run is owed, the claim that is there was made before.
        const serving = was === undefined || 'ros'.includes(letter) ? '' : was.serving
        const brings = brought(op.request.policy, letter)
        const version = brings ? Number(op.request.traits?.[place]?.payload ?? 0) : (was?.version ?? 0)
        next.set(id, { serving, version })
      })
      break
    }
    case 'step': {
      const { token, ids } = told.reply as StepReply
      for (const id of ids) {
        const promised = next.get(id)
        if (promised !== undefined && bare(before.lease.get(id)) !== token)
          next.set(id, { ...promised, serving: token })
      }
      break
    }
    case 'sweep':
      for (const { id, now } of (told.reply as SweepReply).jammed) if (now === 'failed') next.delete(id)
      break
    case 'withdraw':
      for (const id of withdrawnBy(op.request, told.reply as State[])) next.delete(id)
      break
    case 'control':
      if (op.request.order !== 'clear') break
      for (const [id, { serving }] of next) if (serving === '' || serving !== bare(after.lease.get(id))) next.delete(id)
  }
  return next
}

/** Is it this publish's payload that the promised run will see, if none newer comes? */
function brought({ waiting, processing }: { waiting?: string; processing: string }, letter: string): boolean {
  if ('qfwgr'.includes(letter)) return true
  return waiting === 'replace' || ('os'.includes(letter) && processing !== 'discard')
}
