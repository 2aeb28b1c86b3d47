-- move: put failed or delayed IDs in line by hand.
-- KEYS  queued committed processing wake totals marks
-- KEYS  delayed failed failedAt failures tries ghosts priority prioritized remembered control events listening
-- KEYS  errors withdrawn owed payload since progress kept extras
-- ARGV  from (failed, delayed) id …
-- GIVES one letter per ID, the state it was met in: as withdraw
local queued, committed, processing, wake, totals, marks = unpack(KEYS)
local delayed, failed, failedAt, failures, tries, ghosts, priority, prioritized, remembered, control, events, listening = unpack(KEYS, 7)
local errors, withdrawn, owed, payload, since, progress, kept, extras = unpack(KEYS, 19)
--- @include _tail
--- @include _control
--- @include _extras
--- @include _sound
local ms = math.floor(now() / 1000)
local from, ids = ARGV[1], { unpack(ARGV, 2) }
local whole = readControl(control, listening, ms, events)
local entered = redis.call('SMISMEMBER', committed, unpack(ids))
local leased = redis.call('ZMSCORE', processing, unpack(ids))
local due = redis.call('ZMSCORE', delayed, unpack(ids))
local times = redis.call('ZMSCORE', failed, unpack(ids))
local forget = redis.call('ZMSCORE', remembered, unpack(ids))
local before = redis.call('HMGET', totals, 'entered', 'taken', 'marked')
local count = { taken = tonumber(before[2] or 0), marked = tonumber(before[3] or 0) }
local tokens = redis.call('LLEN', wake)
sound('LLEN', queued, marks)
sound('HLEN', failures, tries, priority)
sound('ZCARD', failedAt, prioritized)
sound('SCARD', ghosts)

local letters, seen, moving, travel = {}, {}, {}, {}
for i, id in ipairs(ids) do
  local letter = 'a'
  if entered[i] == 1 then
    letter = leased[i] and 'p' or due[i] and 'y' or 'q'
  elseif forget[i] and tonumber(forget[i]) > ms then
    letter = 'm'
  elseif times[i] then
    letter = 'f'
  end
  if seen[id] then
    letter = 'q'
  elseif letter == (from == 'failed' and 'f' or 'y') then
    seen[id], moving[#moving + 1] = true, id
    travel[#travel + 1], travel[#travel + 2] = id, times[i]
  end
  letters[i] = letter
end
if #moving > 0 then
  if from == 'failed' then
    redis.call('SADD', committed, unpack(moving))
    redis.call('HSET', failures, unpack(travel))
    redis.call('ZREM', failed, unpack(moving))
    redis.call('ZREM', failedAt, unpack(moving))
    redis.call('HDEL', tries, unpack(moving))
    redis.call('HSET', totals, 'entered', (before[1] or 0) + #moving)
  else
    redis.call('ZREM', delayed, unpack(moving))
  end
  toTail(queued, ghosts, marks, moving, count, ms)
  redis.call('HSET', totals, 'marked', count.marked)
  noteExtras()
  arm(wake, tokens, whole.blocked and 0 or 1)
  tell(whole, from == 'failed' and 'revived' or 'queued', moving)
  send(whole, totals, events, ms)
end
return table.concat(letters)
