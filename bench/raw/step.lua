-- step: free what is done, take the next. No lease token, no totals, no check: a limit to measure against, not a queue.
-- KEYS  committed queued processing
-- ARGV  how many to claim, lease end, IDs that are done
-- GIVES IDs
local committed, queued, processing = KEYS[1], KEYS[2], KEYS[3]
if #ARGV > 2 then
  local done = {}
  for at = 3, #ARGV do done[at - 2] = ARGV[at] end
  redis.call('ZREM', processing, unpack(done))
  redis.call('SREM', committed, unpack(done))
end
local ids = redis.call('LPOP', queued, ARGV[1])
if not ids then return {} end
local held = {}
for at = 1, #ids do
  held[2 * at - 1] = ARGV[2]
  held[2 * at] = ids[at]
end
redis.call('ZADD', processing, unpack(held))
return ids
