-- Gives those of `popped` a lease that may have one; answers the others. `trim` takes them from where they stood.
local function take(popped, trim, inLine)
  local entered = redis.call('SMISMEMBER', committed, unpack(popped))
  local due = lazy and redis.call('ZMSCORE', delayed, unpack(popped)) or {}
  local raised = lazy and inLine and redis.call('ZMSCORE', prioritized, unpack(popped)) or {}
  local good, dropped = popped, {}
  for i = 1, #popped do
    if entered[i] ~= 1 or due[i] or raised[i] then dropped[#dropped + 1] = popped[i] end
  end
  if #dropped > 0 then
    good = {}
    for i, id in ipairs(popped) do
      if entered[i] == 1 and not due[i] and not raised[i] then good[#good + 1] = id end
    end
  end
  if #good == 0 then
    trim()
    return dropped
  end
  if token == '' then
    local epoch = math.max(micros, (before[7] or 0) + 1)
    before[7], leaseEnd = string.format('%.0f', epoch), string.format('%.0f', ms + term)
    token = before[7] .. ':' .. string.format('%.0f', ms) .. ':' .. worker .. ':' .. ARGV[2]
  end
  -- Last first: among equal scores each then finds its place at the front, while the set is small and kept as a list.
  local scores, n = {}, #good
  for i = n, 1, -1 do
    scores[2 * (n - i) + 1], scores[2 * (n - i) + 2] = leaseEnd, good[i]
  end
  local fresh = redis.call('ZADD', processing, 'NX', unpack(scores))
  trim()
  if fresh < n then
    -- Some is processing already, or stood in the line twice (after a repair by hand): it counts once.
    local held, seen, once = redis.call('HMGET', lease, unpack(good)), {}, {}
    for i, id in ipairs(good) do
      if held[i] or seen[id] then dropped[#dropped + 1] = id else seen[id], once[#once + 1] = true, id end
    end
    good, n = once, #once
  end
  local values, ahead = {}, '~' .. token
  for i = 1, n do
    values[2 * i - 1], values[2 * i] = good[i], (#ids + i <= slots) and token or ahead
  end
  if n > 0 then redis.call('HSET', lease, unpack(values)) end
  if #ids == 0 then ids = good else for _, id in ipairs(good) do ids[#ids + 1] = id end end
  return dropped
end

-- Of the prioritized, those between two scores: before the line whoever is above it, behind it whoever is below.
local function takePrioritized(low, high, stale)
  while #ids < allowed and stale < 1000 do
    local popped = rich.lade(redis.call('ZRANGEBYSCORE', prioritized, low, high, 'LIMIT', 0, allowed - #ids), cargo)
    if #popped == 0 then break end
    stale = stale + #take(popped, function() redis.call('ZREM', prioritized, unpack(popped)) end, false)
  end
  return stale
end
