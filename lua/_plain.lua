-- On a plain lane: all that is settled is done and held, none is renewed, and the number is new. In as few calls as there can
-- be: at a batch of one they are what a job costs. For all else MORE, before anything is written: it comes again, with all keys.
if lazy or leaving or prior and tonumber(string.match(prior, '^%d+')) >= number then return redis.error_reply('MORE keys') end
local at = 10
local first, last = span(at)
if last < first then
  sound('HLEN', lease)
else
  local held, i = redis.call('HMGET', lease, unpack(ARGV, first, last)), 0
  for g = at + 1, first - 1, 3 do
    local of = ARGV[g + 1]
    if ARGV[g] ~= 'd' or string.byte(of) == 126 then return redis.error_reply('MORE keys') end
    for _ = 1, tonumber(ARGV[g + 2]) do
      i = i + 1
      if held[i] ~= of and held[i] ~= '~' .. of then return redis.error_reply('MORE keys') end
    end
  end
end
at = last + 1
if ARGV[at] ~= '0' then return redis.error_reply('MORE keys') end
-- Where nothing will be left in line, none is to be woken.
local tokens = length <= claim and 1 or redis.call('LLEN', wake)

local left, done = tonumber(before[1] or 0), tonumber(before[2] or 0)
local settled = last - first + 1
if settled > 0 then
  sound('ZCARD', processing)
  left, done = left + redis.call('SREM', committed, unpack(ARGV, first, last)), done + settled
  redis.call('HDEL', lease, unpack(ARGV, first, last))
end
local taken, stale = 0, 0
while #ids < claim and length > 0 and stale < 1000 do
  local popped = redis.call('LRANGE', queued, 0, claim - #ids - 1)
  length, taken = length - #popped, taken + #popped
  stale = stale + #take(popped, true)
end
-- Only now: `processing` would be emptied before, and built anew as a list, which is searched.
if settled > 0 then redis.call('ZREM', processing, unpack(ARGV, first, last)) end

at = at + 1
if ARGV[at] ~= '0' then
  first, last = span(at)
  local held, begun, i = redis.call('HMGET', lease, unpack(ARGV, first, last)), {}, 0
  for g = at + 1, first - 1, 3 do
    for _ = 1, tonumber(ARGV[g + 2]) do
      if held[i + 1] == '~' .. ARGV[g + 1] then begun[#begun + 1], begun[#begun + 2] = ARGV[first + i], ARGV[g + 1] end
      i = i + 1
    end
  end
  if #begun > 0 then redis.call('HSET', lease, unpack(begun)) end
end

if #ids == 0 then token, leaseEnd = '', '' end
redis.call('HSET', totals, 'left', left, 'done', done, 'taken', (before[5] or 0) + taken, 'epoch', before[7] or 0)
redis.call('HSET', steps, field, string.format('%.0f|%.0f|', number, ms) .. token .. '|' .. leaseEnd .. '|')
arm(wake, tokens, length)
return { '', '', token, length > 0 and 1 or 0, -1, ids, {}, {} }
