-- One settled at most, and one claimed at most: what a slot asks for that is alone, and a worker that idles. As `_plain` does it,
-- without its lists and tables, which are an eighth of what a lone step costs. What is not so is left to it, unwritten.
local own = ARGV[10] == '1' and ARGV[11] == 'd' and ARGV[13] == '1' and ARGV[15] == '0' and ARGV[16] == '0' and ARGV[14]
if own or (ARGV[10] == '0' and ARGV[11] == '0' and ARGV[12] == '0') then
  line = redis.call('LRANGE', queued, '0', ARGV[6])
  local more = #line > claim
  local id = claim > 0 and line[1]
  local lone, tokens = #line <= (more and 2 or 1), 1
  if lone then
    local of, held = own and ARGV[12], own and redis.call('HGET', lease, own) or redis.call('HLEN', lease)
    lone = not own or (string.byte(of) ~= 126 and (held == of or held == '~' .. of))
    if more then tokens = redis.call('LLEN', wake) end
  end
  if lone and id then
    leaseEnd = string.format(WHOLE, ms + term)
    lone = redis.call('SMISMEMBER', committed, id)[1] == 1 and redis.call('ZADD', processing, 'NX', leaseEnd, id) == 1
  elseif lone and own then
    redis.call('SCARD', committed)
  end
  if lone then
    if id then
      redis.call('LTRIM', queued, '1', '-1')
      epoch = string.format(WHOLE, math.max(micros, epoch + 1))
      token = epoch .. ':' .. stamp .. ':' .. worker .. ':' .. ARGV[2]
      redis.call('HSET', lease, id, slots > 0 and token or '~' .. token)
    end
    local left, done, taken
    if own then
      redis.call('ZREM', processing, own)
      redis.call('HDEL', lease, own)
      left = string.format(WHOLE, (before[1] or 0) + redis.call('SREM', committed, own))
      done = string.format(WHOLE, (before[2] or 0) + 1)
    end
    if id then taken = string.format(WHOLE, (before[3] or 0) + 1) end
    if own and id then
      redis.call('HSET', totals, 'left', left, 'done', done, 'taken', taken, 'epoch', epoch)
    elseif own then
      redis.call('HSET', totals, 'left', left, 'done', done)
    elseif id then
      redis.call('HSET', totals, 'taken', taken, 'epoch', epoch)
    end
    redis.call('HSET', steps, field, ARGV[2] .. '|' .. stamp .. '|' .. token .. '|' .. leaseEnd .. '|')
    if more and tokens == 0 then redis.call('RPUSH', wake, '1') end
    return { token, more and 1 or 0, id and { id } or {} }
  end
  leaseEnd = ''
end
