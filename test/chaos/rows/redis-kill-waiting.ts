import { row } from '../row.js'
import { single } from '../scene/single.js'

export const redisKillWaiting = row({
  name: 'redis-kill-waiting',
  fault: 'Redis dies while jobs wait for their time, by priority, and for their next attempt (appendfsync always)',
  injection: 'SIGKILL at a random moment under load; it is started again 0.1 to 1 s later',
  holds: 'nothing is lost, no attempt is lost or too many, and no delay or backoff is cut short',
  rounds: 3,
  load: { features: { attempts: 3, backoff: 400, keepResult: 3_600_000, delay: 1_000, priorities: true } },
  open: () => single('always'),
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
  toothless({ findings }) {
    if (findings.delayed === 0) return 'nothing waited for its time'
    return findings.retried === 0 ? 'nothing was tried again' : undefined
  },
})
