--- @include _line
-- Those with a priority, to their place among the prioritized: behind their equals (side 1) or before them (-1).
-- Answers the others.
local function toPrioritized(ids, side)
  if #ids == 0 or redis.call('EXISTS', priority) == 0 then return ids end
  local of, scores, others = redis.call('HMGET', priority, unpack(ids)), {}, {}
  local n = tonumber(redis.call('HGET', totals, 'sequence') or 0)
  for i, id in ipairs(ids) do
    if of[i] then
      n = n + 1
      scores[#scores + 1], scores[#scores + 2] = string.format('%.0f', side * n - of[i] * 1099511627776), id
    else
      others[#others + 1] = id
    end
  end
  if #scores > 0 then
    redis.call('ZADD', prioritized, unpack(scores))
    redis.call('HSET', totals, 'sequence', string.format('%.0f', n))
  end
  return others
end

-- To the tail of the line, from wherever; answers the new length. An ID whose stale entry still stands in the line
-- takes that place over, so that no ID is in the line twice.
local function toTail(queued, ghosts, marks, ids, count, ms)
  local length, taken = redis.call('LLEN', queued), {}
  local entries = toPrioritized(ids, 1)
  if #entries == 0 then return length end
  if redis.call('EXISTS', ghosts) == 1 then
    local stale, rest = redis.call('SMISMEMBER', ghosts, unpack(entries)), {}
    for i, id in ipairs(entries) do
      if stale[i] == 1 then taken[#taken + 1] = id else rest[#rest + 1] = id end
    end
    entries = rest
    if #taken > 0 then redis.call('SREM', ghosts, unpack(taken)) end
  end
  if #entries == 0 then return length end
  mark(marks, count.taken + length + 1, count, ms)
  return redis.call('RPUSH', queued, unpack(entries))
end

-- Back to the head, in the order given. How many ever were is counted, since `taken` goes back by them: with both, whoever
-- walks the line knows what has moved.
local function toHead(queued, totals, ids, count)
  local reversed = {}
  for i = #ids, 1, -1 do reversed[#reversed + 1] = ids[i] end
  reversed = toPrioritized(reversed, -1)
  if #reversed == 0 then return end
  redis.call('LPUSH', queued, unpack(reversed))
  count.taken = count.taken - #reversed
  redis.call('HSET', totals, 'returned', (tonumber(redis.call('HGET', totals, 'returned')) or 0) + #reversed)
end

-- Move what is due from `delayed` to the tail.
local function promote(delayed, queued, ghosts, marks, count, ms)
  local due = redis.call('ZRANGEBYSCORE', delayed, '-inf', ms, 'LIMIT', 0, 1000)
  if #due > 0 then
    redis.call('ZREM', delayed, unpack(due))
    toTail(queued, ghosts, marks, due, count, ms)
  end
end
