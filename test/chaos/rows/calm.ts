import { row } from '../row.js'
import { single } from '../scene/single.js'

export const calm = row({
  name: 'calm',
  fault: 'none',
  injection: 'nothing: work as usual, some IDs again and again from several publishers',
  holds: 'exactly one run for each accepted publish',
  rounds: 1,
  allow: { exact: true },
  open: () => single('everysec'),
  round: (stage) => stage.calm(5_000),
  toothless: ({ findings }) => (findings.accepted < 200 ? 'hardly anything was published' : undefined),
})
