-- check: is the queue fit for use: every key's type, the layout, and the rights of a role, before its first call.
-- KEYS  meta
-- KEYS  queued committed processing lease wake totals marks steps guard delayed failed failedAt failures errors tries withdrawn owed ghosts alarm
-- KEYS  extras payload priority prioritized since remembered progress control rate results kept schedules events listening
-- ARGV  layout role, the type of each key, then what the role runs: command part … in one text each
-- GIVES the digest of the options that stands there, or nothing
-- FLAGS no-writes
local meta = unpack(KEYS)
-- A right that is missing would show halfway through a script, and what that had written would stay.
local keys = {}
-- As many arguments as each takes: one more is a key to what takes many, and since 2026 patched servers refuse a wrong number.
local none, one = {}, { '0' }
local others = { EXISTS = none, UNLINK = none, DEL = none, SSUBSCRIBE = none, HLEN = none, LLEN = none, SCARD = none, ZCARD = none, TYPE = none,
  GET = none, HGETALL = none, XLEN = none, HEXISTS = one, HGET = one, ZSCORE = one, LINDEX = one, BLPOP = one, SPUBLISH = one, SET = one,
  XADD = { '*', '0', '0' }, XRANGE = { '-', '+' }, XTRIM = { 'MAXLEN', '1' } }
for _, key in ipairs(KEYS) do keys[string.match(key, '%a+$')] = key end
for i = #KEYS + 3, #ARGV do
  local command, parts = string.match(ARGV[i], '^(%u+)(.*)$')
  for part in string.gmatch(parts == '' and '0' or parts, '%w+') do
    local key = keys[part]
    local on = key and ' on ' .. key or ''
    if not redis.acl_check_cmd(command, unpack(key and { key, unpack(others[command] or { '0', '0' }) } or none)) then
      return redis.error_reply('NOPERM this user may not run ' .. command .. on .. ', and has to as ' .. ARGV[2] .. ': see SECURITY.md')
    end
  end
end
for i, key in ipairs(KEYS) do
  local is = redis.call('TYPE', key).ok
  if is ~= 'none' and is ~= ARGV[i + 2] then
    return redis.error_reply('WRONGKEY ' .. key .. ' holds a ' .. is .. ', not a ' .. ARGV[i + 2])
  end
end
--- @include _layout
return was[2] or ''
