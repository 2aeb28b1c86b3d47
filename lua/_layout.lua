-- Another version's queue is left as it is.
local was = redis.call('HMGET', meta, 'layout', 'digest')
if was[1] and was[1] ~= ARGV[1] then
  return redis.error_reply('WRONGLAYOUT this queue has layout ' .. was[1] .. ', this version of convoy-queue writes ' .. ARGV[1])
end
