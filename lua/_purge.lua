-- Drop what is over: the remembered, what was kept of results and logs, a hold. Up to 1,000 of each a call: never less than a step
-- adds, so that none of them grows while there is work. Answers whether more may be over.
local function purge(remembered, kept, results, control, whole, ms)
  if whole.hold > 0 and whole.hold <= ms then redis.call('HDEL', control, 'hold', 'holder') end
  if redis.call('EXISTS', remembered, kept) == 0 then return false end
  local over = redis.call('ZRANGEBYSCORE', remembered, '-inf', ms, 'LIMIT', 0, 1000)
  if #over > 0 then redis.call('ZREM', remembered, unpack(over)) end
  local most = #over
  over = redis.call('ZRANGEBYSCORE', kept, '-inf', ms, 'LIMIT', 0, 1000)
  if #over > 0 then
    redis.call('ZREM', kept, unpack(over))
    redis.call('HDEL', results, unpack(over))
  end
  return math.max(most, #over) == 1000
end
