-- Drop what is over: the remembered, what was kept of results and logs, a hold. Up to 100 of each a call.
local function purge(remembered, kept, results, control, whole, ms)
  if whole.hold > 0 and whole.hold <= ms then redis.call('HDEL', control, 'hold', 'holder') end
  if redis.call('EXISTS', remembered, kept) == 0 then return end
  local over = redis.call('ZRANGEBYSCORE', remembered, '-inf', ms, 'LIMIT', 0, 100)
  if #over > 0 then redis.call('ZREM', remembered, unpack(over)) end
  over = redis.call('ZRANGEBYSCORE', kept, '-inf', ms, 'LIMIT', 0, 100)
  if #over > 0 then
    redis.call('ZREM', kept, unpack(over))
    redis.call('HDEL', results, unpack(over))
  end
end
