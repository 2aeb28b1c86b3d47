-- withdraw: take IDs out by hand, wherever they are; a processing one is marked and ends at its next settle or sweep.
-- KEYS  queued committed processing totals
-- KEYS  delayed failed failedAt failures errors tries withdrawn owed ghosts
-- ARGV  id …
-- GIVES one letter per ID, the state it was met in: absent, queued, yet to come (delayed), processing, failed
-- FLAGS allow-oom
local queued, committed, processing, totals = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local delayed, failed, failedAt, failures, errors, tries, withdrawn, owed, ghosts = KEYS[5], KEYS[6], KEYS[7], KEYS[8], KEYS[9], KEYS[10], KEYS[11], KEYS[12], KEYS[13]

--- @include _sound
local entered = redis.call('SMISMEMBER', committed, unpack(ARGV))
local leased = redis.call('ZMSCORE', processing, unpack(ARGV))
local due = redis.call('ZMSCORE', delayed, unpack(ARGV))
local times = redis.call('ZMSCORE', failed, unpack(ARGV))
local kept = redis.call('HMGET', totals, 'left', 'withdrawn')
sound('LLEN', queued)
sound('HLEN', failures, errors, tries, owed)
sound('ZCARD', failedAt)
sound('SCARD', withdrawn, ghosts)

local letters, seen, free, stale, marked = {}, {}, {}, {}, {}
local taken = 0
for i, id in ipairs(ARGV) do
  local letter = 'a'
  if seen[id] then
    letter = seen[id]
  elseif entered[i] == 1 then
    if leased[i] then
      letter, marked[#marked + 1], seen[id] = 'p', id, 'p'
    else
      letter, free[#free + 1], taken, seen[id] = due[i] and 'y' or 'q', id, taken + 1, 'a'
      if not due[i] then stale[#stale + 1] = id end
    end
  elseif times[i] then
    letter, taken, seen[id] = 'f', taken + 1, 'a'
  end
  letters[i] = letter
end

if #marked > 0 then taken = taken + redis.call('SADD', withdrawn, unpack(marked)) end
-- The entry stays in the line, and its mark tells a later publish to take it over: no list is searched.
if #stale > 0 then redis.call('SADD', ghosts, unpack(stale)) end
redis.call('ZREM', delayed, unpack(ARGV))
redis.call('ZREM', failed, unpack(ARGV))
redis.call('ZREM', failedAt, unpack(ARGV))
redis.call('HDEL', failures, unpack(ARGV))
redis.call('HDEL', errors, unpack(ARGV))
redis.call('HDEL', tries, unpack(ARGV))
-- A run owed was promised to its publisher: its withdrawal is recorded too.
taken = taken + redis.call('HDEL', owed, unpack(ARGV))
local left = #free > 0 and redis.call('SREM', committed, unpack(free)) or 0
redis.call('HSET', totals, 'left', (kept[1] or 0) + left, 'withdrawn', (kept[2] or 0) + taken)
return table.concat(letters)
