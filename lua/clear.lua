-- clear: withdraw all that waits and forget all failures; what is processing goes on, with nothing owed.
-- KEYS  queued committed processing totals wake
-- KEYS  delayed failed failedAt failures errors tries owed ghosts
-- KEYS  payload priority prioritized since remembered control results kept events listening
-- KEYS  withdrawn progress extras
-- GIVES how many were taken out: IDs that waited, failures, runs owed
-- FLAGS allow-oom
local queued, committed, processing, totals, wake = unpack(KEYS)
local delayed, failed, failedAt, failures, errors, tries, owed, ghosts = unpack(KEYS, 6)
local payload, priority, prioritized, since, remembered, control, results, kept, events, listening, withdrawn, progress, extras = unpack(KEYS, 14)
--- @include _control
--- @include _extras
--- @include _traits
local ms = math.floor(now() / 1000)
local whole = readControl(control, listening, ms, events)
local running = redis.call('ZRANGE', processing, 0, -1)
local waiting = redis.call('SCARD', committed) - #running
local count = waiting + redis.call('ZCARD', failed) + redis.call('HLEN', owed)
local before = redis.call('HMGET', totals, 'left', 'withdrawn', 'taken')
-- What belongs to the running stays theirs.
local payloads, priorities, births = {}, {}, {}
for i = 1, #running, 1000 do
  local some = { unpack(running, i, math.min(i + 999, #running)) }
  local bodies, weights, born = redis.call('HMGET', payload, unpack(some)), redis.call('HMGET', priority, unpack(some)), redis.call('HMGET', since, unpack(some))
  for k, id in ipairs(some) do
    if bodies[k] then payloads[#payloads + 1], payloads[#payloads + 2] = id, bodies[k] end
    if weights[k] then priorities[#priorities + 1], priorities[#priorities + 2] = id, weights[k] end
    if born[k] then births[#births + 1], births[#births + 2] = id, born[k] end
  end
end
redis.call('HSET', totals, 'left', (before[1] or 0) + waiting, 'withdrawn', (before[2] or 0) + count,
  'taken', (before[3] or 0) + redis.call('LLEN', queued))
-- The marks stay: places go on, and the last one tells the time of whatever comes next.
redis.call('UNLINK', queued, committed, wake, delayed, failed, failedAt, failures, errors, tries, owed, ghosts)
redis.call('UNLINK', payload, priority, prioritized, since, remembered, results, kept)
redis.call('HDEL', control, 'hold', 'holder')
for i = 1, #running, 1000 do redis.call('SADD', committed, unpack(running, i, math.min(i + 999, #running))) end
for i = 1, math.max(#payloads, #priorities, #births), 2000 do
  local function some(list) return { unpack(list, i, math.min(i + 1999, #list)) } end
  setTraits(some(payloads), some(priorities), some(births))
end
noteExtras()
if whole.heard or whole.journal > 0 then whole.told[1] = '"cleared",[]' end
send(whole, totals, events, ms)
return count
