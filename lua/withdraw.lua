-- withdraw: take IDs out by hand, wherever they are; a processing one is marked and ends at its next settle or sweep.
-- KEYS  queued committed processing totals wake
-- KEYS  delayed failed failedAt failures errors tries withdrawn owed ghosts
-- KEYS  payload priority prioritized since remembered control results kept events listening
-- KEYS  progress extras
-- ARGV  from (queued, delayed, processing, failed, or nothing for all) id …
-- GIVES one letter per ID, the state it was met in: absent, queued, yet to come (delayed), processing, failed, remembered (m)
-- FLAGS allow-oom
local queued, committed, processing, totals, wake = unpack(KEYS)
local delayed, failed, failedAt, failures, errors, tries, withdrawn, owed, ghosts = unpack(KEYS, 6)
local payload, priority, prioritized, since, remembered, control, results, kept, events, listening, progress, extras = unpack(KEYS, 15)

--- @include _arm
--- @include _control
--- @include _extras
--- @include _sound
local ms = math.floor(now() / 1000)
local whole = readControl(control, listening, ms, events)
local from, all = ({ queued = 'q', delayed = 'y', processing = 'p', failed = 'f' })[ARGV[1]], { unpack(ARGV, 2) }
if ARGV[1] ~= '' and not from then return redis.error_reply('STATE unknown') end
local entered = redis.call('SMISMEMBER', committed, unpack(all))
local leased = redis.call('ZMSCORE', processing, unpack(all))
local due = redis.call('ZMSCORE', delayed, unpack(all))
local ranks = redis.call('ZMSCORE', prioritized, unpack(all))
local times = redis.call('ZMSCORE', failed, unpack(all))
local forget = redis.call('ZMSCORE', remembered, unpack(all))
local before, tokens = redis.call('HMGET', totals, 'left', 'withdrawn'), whole.holder and redis.call('LLEN', wake)
sound('LLEN', queued)
sound('HLEN', failures, errors, tries, owed, payload, priority, since, results)
sound('ZCARD', failedAt, kept)
sound('SCARD', withdrawn, ghosts)

local letters, seen, ids, free, stale, marked, out, over, memories, told = {}, {}, {}, {}, {}, {}, {}, {}, {}, {}
local taken, passes = 0, false
for i, id in ipairs(all) do
  local letter = seen[id] or entered[i] == 1 and (leased[i] and 'p' or due[i] and 'y' or 'q')
    or forget[i] and tonumber(forget[i]) > ms and 'm' or times[i] and 'f' or 'a'
  letters[i] = letter
  if not from or letter == from then
    ids[#ids + 1], seen[id] = id, letter == 'p' and 'p' or 'a'
    if letter ~= 'a' then told[#told + 1] = id end
    if letter == 'p' then
      marked[#marked + 1] = id
    elseif letter == 'm' then
      over[#over + 1], memories[#memories + 1], taken = 'r' .. id, id, taken + 1
    elseif letter ~= 'a' then
      out[#out + 1], taken = id, taken + 1
      if letter ~= 'f' then free[#free + 1] = id end
      if letter == 'q' and not ranks[i] then stale[#stale + 1] = id end
      passes = passes or letter == 'q' and id == whole.holder
    end
  end
end
if #ids == 0 then return table.concat(letters) end

if #marked > 0 then taken = taken + redis.call('SADD', withdrawn, unpack(marked)) end
-- The entry stays in the line, and its mark tells a later publish to take it over: no list is searched.
if #stale > 0 then redis.call('SADD', ghosts, unpack(stale)) end
redis.call('ZREM', delayed, unpack(ids))
redis.call('ZREM', prioritized, unpack(ids))
redis.call('ZREM', failed, unpack(ids))
redis.call('ZREM', failedAt, unpack(ids))
redis.call('HDEL', failures, unpack(ids))
redis.call('HDEL', errors, unpack(ids))
redis.call('HDEL', tries, unpack(ids))
if #out > 0 then
  redis.call('HDEL', payload, unpack(out))
  redis.call('HDEL', priority, unpack(out))
end
redis.call('HDEL', since, unpack(ids))
if #over > 0 then
  redis.call('ZREM', remembered, unpack(memories))
  redis.call('HDEL', results, unpack(over))
  redis.call('ZREM', kept, unpack(over))
end
-- A run owed was promised to its publisher: its withdrawal is recorded too.
taken = taken + redis.call('HDEL', owed, unpack(ids))
local left = #free > 0 and redis.call('SREM', committed, unpack(free)) or 0
redis.call('HSET', totals, 'left', (before[1] or 0) + left, 'withdrawn', (before[2] or 0) + taken)
-- The line stood for it alone.
if passes then redis.call('HDEL', control, 'hold', 'holder') end
arm(wake, tokens, passes and not whole.paused and redis.call('LLEN', queued) + redis.call('ZCARD', prioritized) or 0)
noteExtras()
tell(whole, 'withdrawn', told)
send(whole, totals, events, ms)
return table.concat(letters)
