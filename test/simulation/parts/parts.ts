import { Encounters } from './encounters.js'
import { Journal } from './journal.js'
import { Active, Rate } from './limits.js'
import { Once } from './once.js'
import { Parts, type Scene } from './part.js'
import { Remember } from './remember.js'
import { Results } from './results.js'
import { Room } from './room.js'
import { Schedule } from './schedule.js'
import { States } from './states.js'
import { cronTimes, intervals } from './timetable.js'
import { Waits } from './waits.js'

/** What the features of a seed are held to; nothing of a plain lane. */
export function partsOf(scene: Scene): Parts {
  const { world, server, witness, habits } = scene
  const { features, ids } = habits
  if (features === undefined) return new Parts()
  const { remember, active, rate, room, once, attempts, keepResult, journal, waits, every, cron } = features
  return new Parts([
    new Encounters(world, server.state),
    new States(world, witness),
    new Results(world, server, { ids, time: keepResult }),
    ...(remember ? [new Remember(world, remember.time, remember.from)] : []),
    ...(active ? [new Active(world, active)] : []),
    ...(rate ? [new Rate(world, rate, 3 * ids.length * attempts)] : []),
    ...(room ? [new Room(world, witness, room)] : []),
    ...(journal ? [new Journal(scene, journal.keep)] : []),
    ...(waits ? [new Waits(scene)] : []),
    ...(every ? [new Schedule(scene, cron === undefined ? intervals(every) : cronTimes(cron))] : []),
    ...(once ? [new Once(world, () => server.state.owed.keys())] : []),
  ])
}
