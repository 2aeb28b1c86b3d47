--- @include _line
-- To the tail of the line, from wherever; answers the new length. An ID whose stale entry still stands in the line
-- takes that place over, so that no ID is in the line twice.
local function toTail(queued, ghosts, marks, ids, count, ms)
  local length, entries, taken = redis.call('LLEN', queued), ids, {}
  if #ids == 0 then return length end
  if redis.call('EXISTS', ghosts) == 1 then
    local stale = redis.call('SMISMEMBER', ghosts, unpack(ids))
    entries = {}
    for i, id in ipairs(ids) do
      if stale[i] == 1 then taken[#taken + 1] = id else entries[#entries + 1] = id end
    end
    if #taken > 0 then redis.call('SREM', ghosts, unpack(taken)) end
  end
  if #entries == 0 then return length end
  mark(marks, count.taken + length + 1, count, ms)
  return redis.call('RPUSH', queued, unpack(entries))
end

-- Back to the head, in the order given. How many ever were is counted, since `taken` goes back by them: with both, whoever
-- walks the line knows what has moved.
local function toHead(queued, totals, ids, count)
  if #ids == 0 then return end
  local reversed = {}
  for i = #ids, 1, -1 do reversed[#reversed + 1] = ids[i] end
  redis.call('LPUSH', queued, unpack(reversed))
  count.taken = count.taken - #ids
  redis.call('HSET', totals, 'returned', (tonumber(redis.call('HGET', totals, 'returned')) or 0) + #ids)
end

-- Move what is due from `delayed` to the tail.
local function promote(delayed, queued, ghosts, marks, count, ms)
  local due = redis.call('ZRANGEBYSCORE', delayed, '-inf', ms, 'LIMIT', 0, 1000)
  if #due > 0 then
    redis.call('ZREM', delayed, unpack(due))
    toTail(queued, ghosts, marks, due, count, ms)
  end
end
