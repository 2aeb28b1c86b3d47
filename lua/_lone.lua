-- One settled at most, and one claimed at most, on a plain lane: what a slot asks for that is alone, and a worker that idles. As
-- `_plain` does it, without its lists and tables; few arguments and one text for an answer, since each piece of either costs the
-- server as much as a table. Where it is not as simple as that, MORE, before anything is written.
if #ARGV <= 8 then
  local of, own = ARGV[7], ARGV[8]
  -- One more than is claimed: that tells whether any will be left in line. Where none will, none is to be woken.
  local line = redis.call('LRANGE', queued, '0', claim)
  local id, more = claim == '1' and line[1], line[claim == '1' and 2 or 1]
  local held, tokens = own and redis.call('HGET', lease, own) or redis.call('HLEN', lease), 1
  local lone = not own or (string.byte(of) ~= 126 and (held == of or held == '~' .. of))
  if more then tokens = redis.call('LLEN', wake) end
  if lone and id then
    leaseEnd = string.format(WHOLE, stamp + term)
    lone = redis.call('SMISMEMBER', committed, id)[1] == 1 and redis.call('ZADD', processing, 'NX', leaseEnd, id) == 1
  elseif lone and own then
    redis.call('SCARD', committed)
  end
  if not lone then return redis.error_reply('MORE keys') end

  if id then
    redis.call('LTRIM', queued, '1', '-1')
    -- Two whole numbers: of two as long as each other the greater sorts behind.
    epoch = (#micros > #epoch or #micros == #epoch and micros > epoch) and micros or string.format(WHOLE, epoch + 1)
    token = epoch .. ':' .. stamp .. ':' .. worker .. ':' .. number
    redis.call('HSET', lease, id, slots ~= '0' and token or '~' .. token)
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
  redis.call('HSET', steps, field, number .. '|' .. stamp .. '|' .. token .. '|' .. leaseEnd .. '|')
  if more and tokens == 0 then redis.call('RPUSH', wake, '1') end
  return (more and '1' or '0') .. token .. (id and ' ' .. id or '')
end
