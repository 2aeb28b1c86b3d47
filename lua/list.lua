-- list: a page of the IDs in one state.
-- KEYS  queued committed processing delayed failedAt prioritized
-- ARGV  state cursor limit
-- GIVES the next cursor or -1, then the IDs
-- FLAGS no-writes
local queued, committed, processing, delayed, failedAt, prioritized = unpack(KEYS)
local state, first, limit = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local last = first + limit - 1
local size, reply = 0, { -1 }
-- A part of the whole list, `offset` IDs from its beginning: what of it is on this page.
local function page(part, offset)
  local from, to = first - offset, last - offset
  if to < 0 then return {} end
  return part(math.max(0, from), to)
end
if state == 'queued' then
  local above, length = redis.call('ZCOUNT', prioritized, '-inf', '(0'), redis.call('LLEN', queued)
  local all = redis.call('ZCARD', prioritized)
  local function ranked(from, to) return redis.call('ZRANGE', prioritized, from, to) end
  size = all + length
  for _, id in ipairs(above > 0 and page(function(from, to) return ranked(from, math.min(to, above - 1)) end, 0) or {}) do reply[#reply + 1] = id end
  -- By windows of the line; a stale entry in one makes the page shorter, never wrong.
  local window = page(function(from, to) return redis.call('LRANGE', queued, from, to) end, above)
  if #window > 0 then
    local entered = redis.call('SMISMEMBER', committed, unpack(window))
    local leased = redis.call('ZMSCORE', processing, unpack(window))
    local due = redis.call('ZMSCORE', delayed, unpack(window))
    local ranks = redis.call('ZMSCORE', prioritized, unpack(window))
    for i, id in ipairs(window) do
      if entered[i] == 1 and not leased[i] and not due[i] and not ranks[i] then reply[#reply + 1] = id end
    end
  end
  for _, id in ipairs(page(function(from, to) return ranked(above + from, above + to) end, above + length)) do reply[#reply + 1] = id end
else
  local key = state == 'processing' and processing or state == 'delayed' and delayed or failedAt
  size, reply = redis.call('ZCARD', key), redis.call('ZRANGE', key, first, last)
  table.insert(reply, 1, -1)
end
if last + 1 < size then reply[1] = last + 1 end
return reply
