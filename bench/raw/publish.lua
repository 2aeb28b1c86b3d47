-- publish: the least that can be done so that an ID is in line at most once.
-- KEYS  committed queued
-- ARGV  IDs
-- GIVES how many were new
local committed, queued = KEYS[1], KEYS[2]
local known = redis.call('SMISMEMBER', committed, unpack(ARGV))
local fresh, count = {}, 0
for at = 1, #ARGV do
  if known[at] == 0 then
    count = count + 1
    fresh[count] = ARGV[at]
  end
end
if count > 0 then
  redis.call('SADD', committed, unpack(fresh))
  redis.call('RPUSH', queued, unpack(fresh))
end
return count
