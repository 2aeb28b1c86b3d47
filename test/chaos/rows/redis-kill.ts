import { row } from '../row.js'
import { type Fsync, single } from '../scene/single.js'

/** The page cache outlives a process, so this says nothing of fsync: that is what the power cut is for. */
const redisKill = (fsync: Fsync) =>
  row({
    name: `redis-kill-${fsync}`,
    fault: `Redis dies and comes back with its append-only file (appendfsync ${fsync}) and an empty script cache`,
    injection: 'SIGKILL at a random moment under load; it is started again 0.1 to 1 s later',
    holds: 'nothing is lost, nothing that the living hold jams, and the first run comes with the server',
    rounds: 3,
    open: () => single(fsync),
    async round(stage) {
      await stage.calm(600, 1_500)
      const { server } = stage.scene
      await stage.fault('Redis is dead', async () => {
        await server.kill()
        await stage.calm(100, 1_000)
        await server.restart()
      })
      await stage.calm(500)
    },
  })

export const redisKillAlways = redisKill('always')
export const redisKillEverysec = redisKill('everysec')
export const redisKillNo = redisKill('no')
