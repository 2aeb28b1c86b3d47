-- open: check every key's type and the layout before the first use, and leave the digest of the options.
-- KEYS  meta
-- KEYS  queued committed processing lease wake totals marks steps guard delayed failed failedAt failures errors tries withdrawn owed ghosts alarm
-- ARGV  layout digest type…
-- GIVES the other digest that stood there, or nothing
local meta = KEYS[1]
for i, key in ipairs(KEYS) do
  local is = redis.call('TYPE', key).ok
  if is ~= 'none' and is ~= ARGV[i + 2] then
    return redis.error_reply('WRONGKEY ' .. key .. ' holds a ' .. is .. ', not a ' .. ARGV[i + 2])
  end
end
local was = redis.call('HMGET', meta, 'layout', 'digest')
if was[1] and was[1] ~= ARGV[1] then
  return redis.error_reply('WRONGLAYOUT this queue has layout ' .. was[1] .. ', this version of convoy-queue writes ' .. ARGV[1])
end
if was[2] == ARGV[2] then return '' end
redis.call('HSET', meta, 'layout', ARGV[1], 'digest', ARGV[2])
return was[2] or ''
