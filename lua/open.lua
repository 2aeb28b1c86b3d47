-- open: check rights, every key's type and the layout before the first use, and leave the digest of the options.
-- KEYS  meta
-- KEYS  queued committed processing lease wake totals marks steps guard delayed failed failedAt failures errors tries withdrawn owed ghosts alarm
-- ARGV  layout digest type…
-- GIVES the other digest that stood there, or nothing
local meta = KEYS[1]
-- A right that is missing would show halfway through a script, and what that had written would stay.
local rights = {
  list = { 'BLPOP', 'LINDEX', 'LLEN', 'LPOP', 'LPUSH', 'LRANGE', 'RPUSH' },
  set = { 'SADD', 'SCARD', 'SMISMEMBER', 'SREM' },
  zset = { 'ZADD', 'ZCARD', 'ZMSCORE', 'ZPOPMIN', 'ZRANGE', 'ZRANGEBYSCORE', 'ZREM' },
  hash = { 'HDEL', 'HGET', 'HGETALL', 'HLEN', 'HMGET', 'HSCAN', 'HSET', 'HSETNX' },
  string = { 'GET', 'SET' },
}
-- What takes many keys would take an argument too many for one of them.
local alone = { EXISTS = { }, TYPE = { }, UNLINK = { }, BLPOP = { '0' } }
for i, key in ipairs(KEYS) do
  for _, command in ipairs({ 'EXISTS', 'TYPE', 'UNLINK', unpack(rights[ARGV[i + 2]]) }) do
    if not redis.acl_check_cmd(command, key, unpack(alone[command] or { '0', '0' })) then
      return redis.error_reply('NOPERM this user may not run ' .. command .. ' on ' .. key .. ', which convoy-queue needs')
    end
  end
end
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
