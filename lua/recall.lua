-- recall: what is kept of each ID's last run.
-- KEYS  results kept
-- ARGV  id …
-- GIVES result and log of each ID, a list of both
-- FLAGS no-writes
local results, kept = unpack(KEYS)
local ms = math.floor(now() / 1000)
local fields = {}
for i, id in ipairs(ARGV) do fields[2 * i - 1], fields[2 * i] = 'r' .. id, 'l' .. id end
local reply = {}
for first = 1, #fields, 1000 do
  local some = { unpack(fields, first, math.min(first + 999, #fields)) }
  local ends, texts = redis.call('ZMSCORE', kept, unpack(some)), redis.call('HMGET', results, unpack(some))
  for i = 1, #some do reply[#reply + 1] = ends[i] and tonumber(ends[i]) > ms and texts[i] end
end
return reply
