-- counts: the numbers of the queue, in constant time.
-- KEYS  committed processing lease delayed failed totals marks remembered control prioritized
-- ARGV  total…
-- GIVES now, committed, processing, delayed, failed, runningSince, approximate, waitingSince, the totals, remembered, paused
-- FLAGS no-writes
local committed, processing, lease, delayed, failed, totals, marks, remembered, control, prioritized = unpack(KEYS)
local all, running, waiting, lost = redis.call('SCARD', committed), redis.call('ZCARD', processing), redis.call('ZCARD', delayed), redis.call('ZCARD', failed)

-- The oldest start among the 1,000 claims that lapse first: all of them, as a rule.
local since, late = -1, -1
local first = redis.call('ZRANGE', processing, 0, 999)
if #first > 0 then
  for _, token in ipairs(redis.call('HMGET', lease, unpack(first))) do
    local at = token and tonumber(string.match(token, '^%d+:(%d+):'))
    if at and (since == -1 or at < since) then since = at end
  end
end

-- The last mark at or before the head of the line, by halving: O(log n) looks.
if all - running - waiting - redis.call('ZCARD', prioritized) > 0 then
  local place = tonumber(redis.call('HGET', totals, 'taken') or 0) + 1
  local low, high = 0, redis.call('LLEN', marks) - 1
  while low < high do
    local middle = math.ceil((low + high) / 2)
    local at = tonumber(string.match(redis.call('LINDEX', marks, middle), '^(-?%d+)'))
    if at <= place then low = middle else high = middle - 1 end
  end
  late = tonumber(string.match(redis.call('LINDEX', marks, low) or '', ':(%d+)$') or -1)
end
return { math.floor(now() / 1000), all, running, waiting, lost, since, running > 1000 and 1 or 0, late, redis.call('HMGET', totals, unpack(ARGV)),
  redis.call('ZCARD', remembered), redis.call('HEXISTS', control, 'paused') }
