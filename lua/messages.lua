-- messages: those kept in the journal, and the schedules: what stands written of the queue as a whole.
-- KEYS  totals events schedules
-- ARGV  from limit, or nothing: then the schedules
-- GIVES positions of the first kept and the last sent, then texts; or id, `slot text` of each schedule
-- FLAGS no-writes
local totals, events, schedules = unpack(KEYS)
if #ARGV == 0 then return redis.call('HGETALL', schedules) end
local first = redis.call('XRANGE', events, '-', '+', 'COUNT', 1)[1]
local reply = { first and tonumber(string.match(first[1], '^%d+')) or 0, tonumber(redis.call('HGET', totals, 'position') or 0) }
for _, entry in ipairs(redis.call('XRANGE', events, ARGV[1] .. '-0', '+', 'COUNT', ARGV[2])) do reply[#reply + 1] = entry[2][2] end
return reply
