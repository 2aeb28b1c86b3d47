-- Final failures: their counts go on from where they were, their errors are kept. IDs with a run owed stay committed,
-- so theirs goes to `failures`; the others move to `failed`. Beyond `most` the oldest failures are forgotten.
local function recordFailures(kept, ids, errors, stays, ms, most)
  if #ids == 0 then return end
  redis.call('HDEL', kept.tries, unpack(ids))
  local before = redis.call('HMGET', kept.failures, unpack(ids))
  local record, place, at, out, travel = {}, {}, {}, {}, {}
  for i, id in ipairs(ids) do
    local times = (before[i] or 0) + 1
    record[#record + 1], record[#record + 2] = id, string.format('%.0f ', ms) .. errors[i]
    if stays[id] then
      travel[#travel + 1], travel[#travel + 2] = id, times
    else
      place[#place + 1], place[#place + 2] = times, id
      at[#at + 1], at[#at + 2] = ms, id
      out[#out + 1] = id
    end
  end
  redis.call('HSET', kept.errors, unpack(record))
  if #travel > 0 then redis.call('HSET', kept.failures, unpack(travel)) end
  if #out == 0 then return end
  redis.call('HDEL', kept.failures, unpack(out))
  redis.call('HDEL', kept.since, unpack(out))
  redis.call('ZADD', kept.failed, unpack(place))
  redis.call('ZADD', kept.failedAt, unpack(at))
  local over = redis.call('ZCARD', kept.failedAt) - most
  if over > 0 then
    -- Up to 1,000 a call: bounded, and always at least what came in.
    local oldest, popped = {}, redis.call('ZPOPMIN', kept.failedAt, math.min(over, 1000))
    for i = 1, #popped, 2 do oldest[#oldest + 1] = popped[i] end
    redis.call('ZREM', kept.failed, unpack(oldest))
    redis.call('HDEL', kept.errors, unpack(oldest))
    redis.call('HDEL', kept.payload, unpack(oldest))
    redis.call('HDEL', kept.priority, unpack(oldest))
  end
end
