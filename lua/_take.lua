-- Gives those of `popped` a lease that may have one: they join `ids`. Takes all of them from where they stood, the head of the
-- line where `inLine`, else their places among the prioritized. Leaves in `dropped` those that may not.
-- A splice, no function: to make one that uses so much of what is around it costs a lone step more than the claim does.
local dropped = {}
do
  local entered = redis.call('SMISMEMBER', committed, unpack(popped))
  local due = lazy and redis.call('ZMSCORE', delayed, unpack(popped))
  local raised = lazy and inLine and redis.call('ZMSCORE', prioritized, unpack(popped))
  local good = popped
  for i = 1, #popped do
    if due and due[i] or raised and raised[i] then entered[i] = 0 end
    if entered[i] ~= 1 then dropped[#dropped + 1] = popped[i] end
  end
  if #dropped > 0 then
    good = {}
    for i, id in ipairs(popped) do
      if entered[i] == 1 then good[#good + 1] = id end
    end
  end
  -- Lease end, ID, lease end, ID …; then, one cell further on, ID, token, ID, token …: a table for each would cost more.
  local n, fresh, cells = #good, 0, {}
  if n == 0 then
    -- Read before the first write, which is that of the line then.
    redis.call('ZCARD', processing)
  else
    leaseEnd = string.format(WHOLE, ms + term)
    -- Last first: among equal scores each then finds its place at the front, while the set is small and kept as a list.
    for i = n, 1, -1 do
      cells[2 * (n - i) + 1], cells[2 * (n - i) + 2] = leaseEnd, good[i]
    end
    if n < 8 then
      fresh = redis.call('ZADD', processing, 'NX', unpack(cells))
    else
      -- A small sorted set is kept as a list, which is read through twice for each ID. An element too long for one (by the server's
      -- default), there for a moment, makes a table of it, until it is empty or loaded anew. It is no ID: those are UTF-8.
      local overlong = string.rep('\255', 65)
      fresh = redis.call('ZADD', processing, 'NX', leaseEnd, overlong, unpack(cells)) - 1
      redis.call('ZREM', processing, overlong)
    end
  end
  if inLine then redis.call('LTRIM', queued, #popped, -1) else redis.call('ZREM', prioritized, unpack(popped)) end
  if fresh < n then
    -- Some is processing already, or stood in the line twice (after a repair by hand): it counts once.
    local held, seen, once = redis.call('HMGET', lease, unpack(good)), {}, {}
    for i, id in ipairs(good) do
      if held[i] or seen[id] then dropped[#dropped + 1] = id else seen[id], once[#once + 1] = true, id end
    end
    good, n = once, #once
    for i = 1, n do cells[2 * (n - i) + 2] = good[i] end
  end
  if n > 0 then
    if token == '' then
      epoch = string.format(WHOLE, math.max(micros, epoch + 1))
      token = epoch .. ':' .. stamp .. ':' .. worker .. ':' .. ARGV[2]
    end
    local ahead = #ids + n > slots and '~' .. token
    for i = 1, n do
      cells[2 * (n - i) + 3] = (#ids + i <= slots) and token or ahead
    end
    redis.call('HSET', lease, unpack(cells, 2, 2 * n + 1))
    if #ids == 0 then ids = good else for _, id in ipairs(good) do ids[#ids + 1] = id end end
  end
end
