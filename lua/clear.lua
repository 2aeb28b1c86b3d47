-- clear: withdraw all that waits and forget all failures; what is processing goes on, with nothing owed.
-- KEYS  queued committed processing totals wake
-- KEYS  delayed failed failedAt failures errors tries owed ghosts
-- GIVES how many were taken out: IDs that waited, failures, runs owed
-- FLAGS allow-oom
local queued, committed, processing, totals, wake = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local delayed, failed, failedAt, failures, errors, tries, owed, ghosts = KEYS[6], KEYS[7], KEYS[8], KEYS[9], KEYS[10], KEYS[11], KEYS[12], KEYS[13]
local running = redis.call('ZRANGE', processing, 0, -1)
local waiting = redis.call('SCARD', committed) - #running
local count = waiting + redis.call('ZCARD', failed) + redis.call('HLEN', owed)
local kept = redis.call('HMGET', totals, 'left', 'withdrawn', 'taken')
redis.call('HSET', totals, 'left', (kept[1] or 0) + waiting, 'withdrawn', (kept[2] or 0) + count,
  'taken', (kept[3] or 0) + redis.call('LLEN', queued))
-- The marks stay: places go on, and the last one tells the time of whatever comes next.
redis.call('UNLINK', queued, committed, wake, delayed, failed, failedAt, failures, errors, tries, owed, ghosts)
for i = 1, #running, 1000 do redis.call('SADD', committed, unpack(running, i, math.min(i + 999, #running))) end
return count
