-- list: a page of the IDs in one state.
-- KEYS  queued committed processing delayed failedAt
-- ARGV  state cursor limit
-- GIVES the next cursor or -1, then the IDs
-- FLAGS no-writes
local queued, committed, processing, delayed, failedAt = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local state, first, limit = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local last = first + limit - 1
local size, reply
if state == 'queued' then
  -- By windows of the line; a stale entry in one makes the page shorter, never wrong.
  size, reply = redis.call('LLEN', queued), { -1 }
  local window = redis.call('LRANGE', queued, first, last)
  if #window > 0 then
    local entered = redis.call('SMISMEMBER', committed, unpack(window))
    local leased = redis.call('ZMSCORE', processing, unpack(window))
    local due = redis.call('ZMSCORE', delayed, unpack(window))
    for i, id in ipairs(window) do
      if entered[i] == 1 and not leased[i] and not due[i] then reply[#reply + 1] = id end
    end
  end
else
  local key = state == 'processing' and processing or state == 'delayed' and delayed or failedAt
  size, reply = redis.call('ZCARD', key), redis.call('ZRANGE', key, first, last)
  table.insert(reply, 1, -1)
end
if last + 1 < size then reply[1] = last + 1 end
return reply
