-- On a plain lane: all that is settled is done and held, and none is renewed. In as few calls as there can be: in a small batch
-- they are what a job costs. For all else MORE, before anything is written.
if leaving then return redis.error_reply('MORE keys') end
local at = 10
local first, last = span(at)
if last < first then
  redis.call('HLEN', lease)
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
-- One more than is claimed: that tells whether any will be left in line. Where none will, none is to be woken.
local popped = redis.call('LRANGE', queued, '0', ARGV[5])
local more = #popped > claim
if more then popped[#popped] = nil end
local tokens = more and redis.call('LLEN', wake) or 1
local settled = last - first + 1
-- All else has been read, or is the first that is written: `processing`.
if settled > 0 and #popped == 0 then redis.call('SCARD', committed) end

local taken, stale = 0, 0
while #popped > 0 and stale < 1000 do
  local inLine = true
  taken = taken + #popped
--- @splice _take
  stale = stale + #dropped
  popped = {}
  if #ids < claim and more then
    popped = redis.call('LRANGE', queued, 0, claim - #ids)
    more = #popped > claim - #ids
    if more then popped[#popped] = nil end
  end
end
more = more or #popped > 0

-- After the claims: what is emptied and built anew costs more than what changes.
local left, done = tonumber(before[1] or 0), tonumber(before[2] or 0)
if settled > 0 then
  redis.call('ZREM', processing, unpack(ARGV, first, last))
  redis.call('HDEL', lease, unpack(ARGV, first, last))
  left, done = left + redis.call('SREM', committed, unpack(ARGV, first, last)), done + settled
end

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
-- What has not changed is not written: a number costs more here than it looks.
local passed = (before[3] or 0) + taken
if settled > 0 and taken > 0 then
  redis.call('HSET', totals, 'left', left, 'done', done, 'taken', passed, 'epoch', epoch)
elseif settled > 0 then
  redis.call('HSET', totals, 'left', left, 'done', done)
elseif taken > 0 then
  redis.call('HSET', totals, 'taken', passed, 'epoch', epoch)
end
redis.call('HSET', steps, field, ARGV[2] .. '|' .. stamp .. '|' .. token .. '|' .. leaseEnd .. '|')
if more and tokens == 0 then redis.call('RPUSH', wake, '1') end
return { token, more and 1 or 0, ids }
